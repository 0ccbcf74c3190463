#pragma once

#include <fmt/format.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace headrace {

// While it lives, the process gets no new descriptor; those that it has stay good.
class NoDescriptors {
 public:
  NoDescriptors() {
    // UBSan looks at a type that it has not seen before through a pipe, which it cannot make then:
    // it takes the object for a wrong one. So it sees now what an error's text is made with.
    static_cast<void>(fmt::format("{}: {}", "short of descriptors", std::strerror(EMFILE)));
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace headrace
