-- POST /orders for wrk with one thread: `wrk -t1 … URL -- BODIES [KEY_PREFIX]`.
-- BODIES holds one JSON body a line. With KEY_PREFIX every request has an Idempotency-Key of
-- its own: the prefix and the number of the request. The last line that is printed is JSON.

function init(args)
  bodies, sent, prefix = {}, 0, args[2]
  for body in io.lines(args[1]) do bodies[#bodies + 1] = body end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  sent = sent + 1
  if prefix then wrk.headers["Idempotency-Key"] = prefix .. "-" .. sent end
  return wrk.format(nil, nil, nil, bodies[sent % #bodies + 1])
end

local function milliseconds(summary, microseconds)
  return summary.requests == 0 and "null" or string.format("%.3f", microseconds / 1000)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"seconds": %.6f, "answers": %d, "refused": %d, "broken": %d, "p50_ms": %s, "p99_ms": %s}\n',
    summary.duration / 1e6, summary.requests, e.status, e.connect + e.read + e.write,
    milliseconds(summary, latency:percentile(50)), milliseconds(summary, latency:percentile(99))))
end
