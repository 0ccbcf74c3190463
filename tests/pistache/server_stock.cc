// The server as one writes it with Pistache alone: on the unpatched library, and on the patched
// one. Beyond what server.h says it understands, for what the library promises by itself:
//   ?stream     a chunked answer, from another thread
//   ?file=N     serveFile of N bytes
//   ?count&bytes=N  N bytes, sent on the reactor; their promise is counted once it is settled
//   ?settled    that count
//   //...       goes to the library's router, which knows no route

#include <fmt/format.h>
#include <pistache/endpoint.h>
#include <pistache/http.h>
#include <pistache/router.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "pistache/server.h"

namespace headrace::testing_edge {
namespace {

using Pistache::Http::Code;
using Pistache::Http::Request;
using Pistache::Http::ResponseWriter;

constexpr int kPieces = 20;

std::atomic<int> settled{0};  // promises of writes that were asked for with "count"

// A file of so many bytes, made anew; the name says how many.
std::string FileOf(std::size_t bytes) {
  std::string name = std::filesystem::temp_directory_path() / fmt::format("edge-{}", getpid());
  std::ofstream(name).close();
  std::filesystem::resize_file(name, bytes);
  return name;
}

void SendLater(std::chrono::milliseconds delay, std::string text,
               const std::shared_ptr<ResponseWriter>& writer) {
  std::thread([delay, text = std::move(text), writer] {
    std::this_thread::sleep_for(delay);
    try {
      writer->send(Code::Ok, text);
    } catch (const std::exception&) {  // the client has gone
    }
  }).detach();
}

void StreamLater(const std::shared_ptr<ResponseWriter>& writer) {
  std::thread([writer] {
    try {
      auto stream = writer->stream(Code::Ok);
      for (int i = 0; i < kPieces; ++i) {
        stream.write("piece", 5);
        stream.flush();
      }
      stream.ends();
    } catch (const std::exception&) {  // the client has gone
    }
  }).detach();
}

class EchoHandler final : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(EchoHandler)

  void onRequest(const Request& request, ResponseWriter response) override {
    const auto number = [&](const char* name) {
      return std::stoul(request.query().get(name).value_or("0"));
    };
    if (request.resource().starts_with("//")) {
      Pistache::Rest::Router().route(request, std::move(response));
      return;
    }
    auto writer = std::make_shared<ResponseWriter>(std::move(response));
    if (request.query().has("settled")) {
      writer->send(Code::Ok, std::to_string(settled));
    } else if (request.query().has("stream")) {
      StreamLater(writer);
    } else if (request.query().has("file")) {
      const std::string name = FileOf(number("file"));
      Pistache::Http::serveFile(*writer, name);
      std::filesystem::remove(name);
    } else if (request.query().has("count")) {
      writer->send(Code::Ok, std::string(number("bytes"), 'x'))
          .then([](ssize_t /*sent*/) { ++settled; },
                [](std::exception_ptr& /*why*/) { ++settled; });
    } else {
      SendLater(std::chrono::milliseconds(number("ms")),
                request.query().get("token").value_or("") + std::string(number("bytes"), 'x'),
                writer);
    }
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
  if (wait_for_stop_accepting()) {
#ifdef PISTACHE_HEADRACE_PATCHES  // the plain library has no such call
    endpoint.stopAccepting();
#endif
    wait_for_end();
  }
  endpoint.shutdown();
}

}  // namespace headrace::testing_edge
