// The same server on src/http: the patched library, our parser, the promise resolved on the
// reactor.

#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "engine/memory/memory_engine.h"
#include "handler/thread_runner.h"
#include "http/http_server.h"
#include "pistache/server.h"
#include "worker/worker_pool.h"

namespace headrace::testing_edge {
namespace {

class EchoHandler final : public Handler {
 public:
  std::optional<Failure> Run(const Job& job, Context& context) override {
    const auto end = SteadyClock::now() + std::chrono::milliseconds(Number(job, "ms"));
    while (SteadyClock::now() < end && !context.Cancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const auto token = job.params.find("token");
    std::string text = token == job.params.end() ? "" : token->second;
    text.append(static_cast<std::size_t>(Number(job, "bytes")), 'x');
    if (context.AddPart("echo.txt", "text/plain", std::as_bytes(std::span(text))))
      return std::nullopt;
    return Failure{};
  }

 private:
  static int Number(const Job& job, const char* name) {
    const std::string& text = job.params.at(name);
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
};

HandlerInfo EchoInfo() {
  HandlerInfo info;
  info.name = "echo";
  for (const char* name : {"ms", "bytes"}) {
    ParamSpec number;
    number.name = name;
    number.type = ParamType::kInteger;
    number.default_value = "0";
    info.params.push_back(number);
  }
  ParamSpec token;
  token.name = "token";
  info.params.push_back(token);
  return info;
}

}  // namespace

void Serve(const std::function<void(std::uint16_t port)>& started,
           const std::function<bool()>& wait_for_stop_accepting,
           const std::function<void()>& wait_for_end) {
  spdlog::set_level(spdlog::level::off);
  const HandlerInfo info = EchoInfo();
  EchoHandler handler;
  ThreadRunner runner(handler, std::size_t{1} << 30);
  const QueueOptions queue{"echo", 32, 1000};
  MemoryEngine engine({queue});
  Metrics metrics({"echo"}, engine, "test");
  SlotPool slots(32);
  JobService::Options options;
  ServiceQueue served;
  served.options = queue;
  served.handler = &info;
  options.queues = {served};
  options.max_body = 1 << 20;
  JobService service(options, engine, metrics);
  WorkerPool workers({{"echo", 32, true, &runner}}, engine, slots, metrics,
                     {nullptr, [&](const JobPtr& job, Outcome outcome) {
                        service.OnRan(job, std::move(outcome));
                      }});
  workers.Start();
  HttpOptions http;
  http.listen = "127.0.0.1:0";
  http.threads = 1;
  http.header_timeout = std::chrono::seconds(1);
  HttpServer server(http, service, metrics);
  if (!server.Start()) return;
  started(server.port());
  if (wait_for_stop_accepting()) {
    server.StopAccepting();
    wait_for_end();
  }
  service.CancelAll();
  engine.Close();
  workers.Join();
  server.Stop();
}

}  // namespace headrace::testing_edge
