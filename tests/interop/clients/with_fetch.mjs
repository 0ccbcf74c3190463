// usage: with_fetch.mjs BASE REQUESTS LARGE_FILE LARGE_BYTES     exit 0: every answer was right
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";

const [base, count, large, size] = process.argv.slice(2);
const jobs = `${base}/v1/queues/simulate/jobs`;
const headers = { "Content-Type": "application/octet-stream" };

async function post(query, init) {
  const answer = await fetch(`${jobs}?ms=0${query}`, { method: "POST", ...init });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

async function small(i) {
  const said = await post(`&token=fetch-${i}`, { headers, body: "w".repeat(1 + (i % 50)) });
  assert.equal(said.token, `fetch-${i}`);
  assert.equal(said.payload_bytes, 1 + (i % 50));
}

for (let i = 0; i < Number(count); i += 20) {
  await Promise.all(Array.from({ length: Math.min(20, Number(count) - i) }, (_, k) => small(i + k)));
}
assert.equal((await post("", { headers, body: await readFile(large) })).payload_bytes, Number(size));
const streamed = { headers, body: Readable.toWeb(createReadStream(large)), duplex: "half" };
assert.equal((await post("", streamed)).payload_bytes, Number(size));
const form = new FormData();
form.append("token", "form");
form.append("file", new Blob([await readFile(large)]), "large.bin");
const said = await post("", { body: form });
assert.equal(said.payload_bytes, Number(size));
assert.equal(said.token, "form");
