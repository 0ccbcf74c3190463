// The same service on bare Pistache (with our patches, else it would crash): its parser, its
// request and response types, a queue, one worker. What headrace costs beside it is the price of
// its edge and its queues. For bench/edge.py.
//
//   pistache-bare PORT PAGE_BYTES
#include <pistache/endpoint.h>
#include <pistache/http.h>

#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace {

using Pistache::Http::Code;
using Pistache::Http::Request;
using Pistache::Http::ResponseWriter;

// One worker that answers each job with a small JSON text.
class Worker {
 public:
  Worker() : thread_([this] { Loop(); }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    {
      const std::lock_guard lock(mu_);
      ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void Push(std::shared_ptr<ResponseWriter> job) {
    {
      const std::lock_guard lock(mu_);
      queue_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

 private:
  void Loop() {
    std::unique_lock lock(mu_);
    while (!ended_) {
      changed_.wait(lock, [this] { return ended_ || !queue_.empty(); });
      while (!queue_.empty()) {
        const auto job = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        job->send(Code::Ok, R"({"ms":0,"bytes":0,"run_ms":0.001})",
                  Pistache::Http::Mime::MediaType::fromString("application/json"));
        lock.lock();
      }
    }
  }

  std::mutex mu_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<ResponseWriter>> queue_;
  bool ended_ = false;
  std::thread thread_;
};

class BareHandler final : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(BareHandler)

  BareHandler(std::shared_ptr<Worker> worker, std::string page)
      : worker_(std::move(worker)), page_(std::move(page)) {}

  void onRequest(const Request& request, ResponseWriter response) override {
    if (request.resource() == "/simulate") {
      worker_->Push(std::make_shared<ResponseWriter>(std::move(response)));
    } else {
      response.send(Code::Ok, page_);
    }
  }

 private:
  std::shared_ptr<Worker> worker_;
  std::string page_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return EXIT_FAILURE;
  std::signal(SIGPIPE, SIG_IGN);
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  constexpr std::size_t kMaxRequest = std::size_t{128} << 20;
  Pistache::Http::Endpoint endpoint(Pistache::Address(Pistache::Ipv4::loopback(), port));
  endpoint.init(Pistache::Http::Endpoint::options()
                    .threads(1)
                    .flags(Pistache::Tcp::Options::ReuseAddr | Pistache::Tcp::Options::NoDelay)
                    .maxRequestSize(kMaxRequest));
  endpoint.setHandler(std::make_shared<BareHandler>(std::make_shared<Worker>(),
                                                    std::string(std::stoul(argv[2]), 'x')));
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  endpoint.serveThreaded();
  int signal = 0;
  sigwait(&ends, &signal);
  std::_Exit(EXIT_SUCCESS);  // what Pistache would do now is not measured
}
