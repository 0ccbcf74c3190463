#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace headrace {

// How many descriptors a process may have; 0: this process.
inline rlimit DescriptorLimitOf(pid_t pid) {
  rlimit limit{};
  EXPECT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit), 0);
  return limit;
}

// A process' soft limit of descriptors for as long as this lives; 0: this process.
class DescriptorLimit {
 public:
  DescriptorLimit(pid_t pid, rlim_t soft) : pid_(pid), before_(DescriptorLimitOf(pid)) {
    const rlimit limit{std::min(soft, before_.rlim_max), before_.rlim_max};
    EXPECT_EQ(::prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr), 0);
  }
  ~DescriptorLimit() { ::prlimit(pid_, RLIMIT_NOFILE, &before_, nullptr); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  const pid_t pid_;
  const rlimit before_;
};

// While it lives, this process gets no new descriptor; those that it has stay good.
class NoDescriptors {
 public:
  NoDescriptors() : limit_(0, AfterAnErrorsText(0)) {}

 private:
  // UBSan looks at a type that it has not seen before through a pipe, which it cannot make then: it
  // takes the object for a wrong one. So it sees before what an error's text is made with.
  static rlim_t AfterAnErrorsText(rlim_t soft) {
    static_cast<void>(fmt::format("{}: {}", "short of descriptors", std::strerror(EMFILE)));
    return soft;
  }

  const DescriptorLimit limit_;
};

}  // namespace headrace
