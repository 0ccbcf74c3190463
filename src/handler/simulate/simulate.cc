#include "handler/simulate/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <thread>

#include "base/json.h"

namespace headrace {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPoll{5};
constexpr std::uint64_t kBatch = 20'000;  // rounds between two looks at the clock, some 20 us

std::int64_t RequestedMs(const Params& params) {
  const std::string& text = params.at("ms");
  std::int64_t ms = 0;
  std::from_chars(text.data(), text.data() + text.size(), ms);
  return ms;
}

// xorshift64 (Marsaglia, 2003): cheap work that no compiler can leave out.
std::uint64_t Mix(std::uint64_t state) {
  for (std::uint64_t i = 0; i < kBatch; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
  }
  return state;
}

struct Work {
  std::uint64_t rounds = 0;
  std::uint64_t checksum = 88172645463325252ULL;
};

Work Burn(Clock::time_point end, const Context& context) {
  Work work;
  auto next_poll = Clock::now();
  for (auto now = next_poll; now < end; now = Clock::now()) {
    if (now >= next_poll) {
      if (context.Cancelled()) break;
      next_poll = now + kPoll;
    }
    work.checksum = Mix(work.checksum);
    work.rounds += kBatch;
  }
  return work;
}

void Sleep(Clock::time_point end, const Context& context) {
  for (auto now = Clock::now(); now < end && !context.Cancelled(); now = Clock::now()) {
    std::this_thread::sleep_until(std::min(end, now + kPoll));
  }
}

}  // namespace

const HandlerInfo& SimulateInfo() {
  static const HandlerInfo kInfo = [] {
    HandlerInfo made;
    made.name = "simulate";
    made.description = "keeps a core busy, or sleeps, for a given time";
    ParamSpec ms{"ms", ParamType::kInteger, "how long, in milliseconds; 0 does nothing", "3000"};
    ms.minimum = 0;
    ms.maximum = 3'600'000;
    ParamSpec mode{"mode", ParamType::kChoice, "burn CPU time, or only let time pass", "cpu"};
    mode.choices = {"cpu", "sleep"};
    ParamSpec token{"token", ParamType::kText, "given back in the answer"};
    token.max_length = 128;
    made.params = {ms, mode, token};
    made.result_types = {"application/json"};
    return made;
  }();
  return kInfo;
}

std::optional<Failure> SimulateHandler::Run(const Job& job, Context& context) {
  const std::int64_t ms = RequestedMs(job.params);
  const bool sleeps = job.params.at("mode") == "sleep";
  Work work;
  if (ms > 0) {
    const auto end = Clock::now() + milliseconds(ms);
    if (sleeps) {
      Sleep(end, context);
    } else {
      work = Burn(end, context);
    }
  }
  std::string json =
      fmt::format(R"({{"ms":{},"mode":"{}","rounds":{},"checksum":"{:016x}","payload_bytes":{})",
                  ms, sleeps ? "sleep" : "cpu", work.rounds, work.checksum, job.payload.size());
  if (const auto token = job.params.find("token"); token != job.params.end()) {
    json += ",\"token\":" + Json::String(token->second).Text();
  }
  json += "}\n";
  if (!context.AddPart("result.json", "application/json", std::as_bytes(std::span(json)))) {
    return Failure{Failure::Kind::kInternal, "stopped", "the job was stopped", "AddPart refused"};
  }
  return std::nullopt;
}

}  // namespace headrace
