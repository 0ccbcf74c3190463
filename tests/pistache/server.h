#pragma once

#include <cstdint>
#include <functional>

namespace headrace::testing_edge {

// Serves POST /v1/queues/echo/jobs?ms=&token=&bytes= on a free port of the loopback: after `ms`
// milliseconds, on another thread, it answers with `token` and `bytes` times "x". Tells the port
// through `started`, then serves until `wait` returns; `stop_accepting` is called when the test
// wants no more connections.
void Serve(const std::function<void(std::uint16_t port)>& started,
           const std::function<bool()>& wait_for_stop_accepting,
           const std::function<void()>& wait_for_end);

}  // namespace headrace::testing_edge
