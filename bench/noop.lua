-- wrk: POSTs (or BENCH_METHOD) without a body; prints one line of JSON at the end. With BENCH_DELAY each
-- connection waits that many milliseconds before each request.
wrk.method = os.getenv("BENCH_METHOD") or "POST"
wrk.headers["Connection"] = "keep-alive"  -- bare Pistache closes without it
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
