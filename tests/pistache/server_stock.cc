// The server as one writes it with Pistache alone.

#include <pistache/endpoint.h>
#include <pistache/http.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "pistache/server.h"

namespace headrace::testing_edge {
namespace {

class EchoHandler final : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(EchoHandler)

  void onRequest(const Pistache::Http::Request& request,
                 Pistache::Http::ResponseWriter response) override {
    const auto number = [&](const char* name) {
      return std::stoul(request.query().get(name).value_or("0"));
    };
    const auto ms = number("ms");
    std::string text =
        request.query().get("token").value_or("") + std::string(number("bytes"), 'x');
    auto writer = std::make_shared<Pistache::Http::ResponseWriter>(std::move(response));
    std::thread([ms, text = std::move(text), writer] {
      std::this_thread::sleep_for(std::chrono::milliseconds(ms));
      try {
        writer->send(Pistache::Http::Code::Ok, text);
      } catch (const std::exception&) {  // the client has gone
      }
    }).detach();
  }
};

}  // namespace

void Serve(const std::function<void(std::uint16_t port)>& started,
           const std::function<bool()>& wait_for_stop_accepting,
           const std::function<void()>& wait_for_end) {
  Pistache::Http::Endpoint endpoint(Pistache::Address("127.0.0.1:0"));
  endpoint.init(Pistache::Http::Endpoint::options()
                    .threads(1)
                    .maxRequestSize(1 << 20)
                    .maxResponseSize(64 << 20)
                    .headerTimeout(std::chrono::seconds(1))
                    .flags(Pistache::Tcp::Options::ReuseAddr));
  endpoint.setHandler(std::make_shared<EchoHandler>());
  endpoint.serveThreaded();
  started(static_cast<std::uint16_t>(endpoint.getPort()));
  if (wait_for_stop_accepting()) wait_for_end();  // the library has no such call
  endpoint.shutdown();
}

}  // namespace headrace::testing_edge
