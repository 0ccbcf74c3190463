-- wrk: POSTs (or BENCH_METHOD) without a body, or with one of BENCH_SIZE bytes, and with `Prefer: BENCH_PREFER`; prints
-- one line of JSON at the end. With BENCH_DELAY each connection waits that many milliseconds before each request.
wrk.method = os.getenv("BENCH_METHOD") or "POST"
wrk.headers["Connection"] = "keep-alive"  -- bare Pistache closes without it
if os.getenv("BENCH_PREFER") then wrk.headers["Prefer"] = os.getenv("BENCH_PREFER") end
local size = tonumber(os.getenv("BENCH_SIZE") or "0")
if size > 0 then wrk.body = string.rep("x", size) end
local pause = tonumber(os.getenv("BENCH_DELAY") or "0")
if pause > 0 then
  function delay() return pause end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'JSON {"requests":%d,"seconds":%.6f,"status_errors":%d,"socket_errors":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration / 1e6, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
