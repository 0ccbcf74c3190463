#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/queued_job.h"
#include "metrics/metrics.h"
#include "service/job_service.h"

namespace headrace {

HttpMethod ParseMethod(std::string_view text);

class MethodSet {
 public:
  constexpr MethodSet() = default;
  constexpr MethodSet(std::initializer_list<HttpMethod> methods) {
    for (HttpMethod method : methods) bits_ |= Bit(method);
  }
  [[nodiscard]] constexpr bool Has(HttpMethod method) const { return (bits_ & Bit(method)) != 0; }
  [[nodiscard]] constexpr bool Empty() const { return bits_ == 0; }
  [[nodiscard]] std::string Text() const;  // "GET, HEAD", as Allow has it

 private:
  static constexpr std::uint32_t Bit(HttpMethod method) {
    return 1U << static_cast<std::uint32_t>(method);
  }
  std::uint32_t bits_ = 0;
};

struct RouteMatch {
  HttpRoute route = HttpRoute::kOther;
  MethodSet allowed;                // empty where there is nothing at that path
  std::optional<QueueIndex> queue;  // kQueue, kJobs: nothing if there is no such queue
  std::string argument;             // the queue's name or the job's id, decoded
  std::string part;                 // kResult: the name of the one that is wanted; empty: all

  // Answered when the engine has told of that job, or of several.
  [[nodiscard]] bool AsksForJob() const {
    return route == HttpRoute::kJobList || route == HttpRoute::kJob ||
           route == HttpRoute::kResult || route == HttpRoute::kEvents;
  }
};

// Which path means what. A table of our own, without regular expressions: linear in the path's
// length, whatever it is. Immutable, thread-safe. Refers to the service.
class RouteTable {
 public:
  explicit RouteTable(const JobService& service);
  [[nodiscard]] RouteMatch Match(std::string_view path) const;

 private:
  [[nodiscard]] RouteMatch MatchQueue(std::string_view rest) const;
  [[nodiscard]] static RouteMatch MatchJob(std::string_view rest);

  struct ShortPath {
    std::string path;
    QueueIndex queue = 0;
  };
  const JobService& service_;
  std::vector<ShortPath> short_paths_;
};

}  // namespace headrace
