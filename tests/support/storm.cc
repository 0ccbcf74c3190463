// A storm of clients on one service, of which half hang up at random moments: nobody gets
// another's answer, none twice, none is missing, and nothing is left behind.
//
// Ten rounds on one service; after each its descriptors and timers must be what they were, and in
// the end its memory that of the second round.
//
//   headrace-storm [REQUESTS [SECONDS]]     exit 0: all is well; SECONDS bounds it
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/http_client.h"
#include "support/service_process.h"

namespace headrace::testing_support {
namespace {

constexpr unsigned kConnections = 64;
constexpr unsigned kRounds = 10;
// Bytes, from the second round to the last. Sanitizers keep freed memory and a history of accesses,
// so under them memory is not judged.
#ifdef HEADRACE_SANITIZED
constexpr double kMostGrowth = std::numeric_limits<double>::infinity();
#else
constexpr double kMostGrowth = 4e6;
#endif
constexpr std::size_t kMaxBody = 100'000;
constexpr std::size_t kChunk = 7'001;
constexpr long kShown = 10;                // wrong answers that are printed
constexpr std::size_t kShownLog = 10'000;  // bytes of the service's last words, if it ends badly

struct Tally {
  std::atomic<long> sent{0};
  std::atomic<long> answered{0};
  std::atomic<long> hung_up{0};
  std::atomic<long> wrong{0};
  std::atomic<long> missing{0};
};

// One client that uses one connection at a time.
class StormClient {
 public:
  StormClient(std::uint16_t port, unsigned number, Tally& tally)
      : port_(port), number_(number), random_(number), tally_(tally) {}

  void Go() {
    if (!client_) client_.emplace(port_);
    const long request = tally_.sent.fetch_add(1);
    const std::string token = fmt::format("c{}-r{}-{:08x}", number_, request, random_());
    const std::string target =
        fmt::format("/v1/queues/simulate/jobs?ms={}&token={}", random_() % 8 == 0 ? 2 : 0, token);
    const std::string text = WithBody(target);
    if (random_() % 2 == 0) {
      HangUp(text);
    } else {
      Expect(text, token);
    }
  }

 private:
  // Mostly none; else up to 100 KB, with a length or in chunks.
  std::string WithBody(const std::string& target) {
    if (random_() % 8 != 0) return MakeRequest("POST", target);
    const std::string body(random_() % kMaxBody, 'x');
    if (random_() % 2 == 0) return MakeRequest("POST", target, body);
    std::string text =
        fmt::format("POST {} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n", target);
    const std::string_view view = body;
    for (std::size_t at = 0; at < view.size(); at += kChunk) {
      const std::string_view chunk = view.substr(at, kChunk);
      fmt::format_to(std::back_inserter(text), "{:x}\r\n{}\r\n", chunk.size(), chunk);
    }
    return text + "0\r\n\r\n";
  }

  // In the middle of the request, of its body too, right after it, or some time later: before,
  // while or after the answer comes; by FIN, RST, or a FIN of one side only.
  void HangUp(const std::string& text) {
    const auto moment = random_() % 6;
    client_->Send(moment <= 1 ? text.substr(0, random_() % text.size()) : text);
    if (moment == 2) client_->Read(Deadline::After(std::chrono::microseconds(random_() % 3000)));
    if (moment == 4) {
      client_->HalfClose();
      client_->Read(Deadline::After(std::chrono::microseconds(random_() % 3000)));
    }
    if (moment == 1 || moment == 3) {
      client_->Reset();
    } else {
      client_->Close();
    }
    client_.reset();
    ++tally_.hung_up;
  }

  void Expect(const std::string& text, const std::string& token) {
    client_->Send(text);
    const auto answer = client_->Read(Deadline::After(std::chrono::seconds(60)));
    if (!answer) {
      ++tally_.missing;
      client_.reset();
      return;
    }
    const bool own = answer->status == 200 &&
                     answer->body.find("\"token\":\"" + token + "\"") != std::string::npos;
    ++(own ? tally_.answered : tally_.wrong);
    if (!own && tally_.wrong < kShown) {
      std::fprintf(stderr, "storm: %s got %d %s\n", token.c_str(), answer->status,
                   answer->body.c_str());
    }
  }

  const std::uint16_t port_;
  const unsigned number_;
  std::mt19937 random_;
  Tally& tally_;
  std::optional<HttpClient> client_;
};

bool NothingIsLeft(const ServiceProcess& service, double descriptors) {
  const bool idle = service.Await("headrace_jobs_running{queue=\"simulate\"}", 0) &&
                    service.Await("headrace_queue_length{queue=\"simulate\"}", 0) &&
                    service.Await("headrace_http_connections", 0) &&
                    service.Await("headrace_deadlines_armed", 0) &&
                    service.Await("process_open_fds", descriptors);
  if (!idle) std::fprintf(stderr, "storm: something is left\n%s", service.MetricsText().c_str());
  return idle;
}

// Until so many requests have been sent in all.
void Blow(std::uint16_t port, unsigned round, long requests, Deadline deadline, Tally& tally) {
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < kConnections; ++number) {
    threads.emplace_back([&, number] {
      StormClient client(port, round * kConnections + number, tally);
      while (tally.sent.load() < requests && !deadline.Passed()) client.Go();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

bool MemoryIsFlat(const std::vector<double>& rounds) {
  if (rounds.size() < 3 || rounds.back() <= rounds[1] + kMostGrowth) return true;
  std::fprintf(stderr, "storm: memory grew from %.1f MB to %.1f MB\n", rounds[1] / 1e6,
               rounds.back() / 1e6);
  return false;
}

int Run(long requests, Deadline deadline) {
  ServiceProcess service(
      "  simulate: {handler: simulate, workers: 2, capacity: 1000, isolation: {mode: thread}}",
      "log: {level: info}\nserver: {listen: '127.0.0.1:0', threads: 4}\n");
  if (service.port() == 0) {
    std::fprintf(stderr, "storm: the service did not start:\n%s", service.Log().c_str());
    return EXIT_FAILURE;
  }
  // The first requests make what the service keeps.
  Ask(service.port(), MakeRequest("POST", "/v1/queues/simulate/jobs?ms=0"));
  static_cast<void>(service.Await("headrace_http_connections", 0));
  const double descriptors = service.Scrape()["process_open_fds"];

  Tally tally;
  std::vector<double> memory;
  bool clean = true;
  for (unsigned round = 1; round <= kRounds && clean && !deadline.Passed(); ++round) {
    Blow(service.port(), round, requests / kRounds * round, deadline, tally);
    clean = NothingIsLeft(service, descriptors);
    memory.push_back(service.Scrape()["process_resident_memory_bytes"]);
    std::fprintf(stderr, "storm: round %u: %.0f descriptors, 0 timers, %.1f MB resident\n", round,
                 descriptors, memory.back() / 1e6);
  }
  std::fprintf(stderr,
               "storm: %ld requests over %u connections: %ld answered, %ld hung up, %ld wrong, %ld "
               "missing\n",
               tally.sent.load(), kConnections, tally.answered.load(), tally.hung_up.load(),
               tally.wrong.load(), tally.missing.load());
  clean = clean && MemoryIsFlat(memory);
  service.Signal(SIGTERM);
  const Ended ended = service.Wait();
  std::fprintf(stderr, "storm: the service ended with %d, signal %d\n", ended.status, ended.signal);
  if (ended.status != 0) {
    const std::string log = service.Log();
    std::fprintf(stderr, "%s\n", log.substr(log.size() - std::min(log.size(), kShownLog)).c_str());
  }
  return clean && tally.wrong == 0 && tally.missing == 0 && ended.status == 0 ? EXIT_SUCCESS
                                                                              : EXIT_FAILURE;
}

}  // namespace
}  // namespace headrace::testing_support

int main(int argc, char** argv) {
  using headrace::Deadline;
  const long requests = argc > 1 ? std::atol(argv[1]) : 500'000;
  const Deadline deadline =
      argc > 2 ? Deadline::After(std::chrono::seconds(std::atol(argv[2]))) : Deadline::Never();
  return headrace::testing_support::Run(requests, deadline);
}
