#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headrace {

// What a job is doing. `what` is the news; `detail` changes all the time. With a total there is a
// bar. Texts have nothing in them that a terminal would obey.
struct ProgressStep {
  std::string what;
  std::string detail = {};
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

// "report.pdf: running [######--------------] 3 of 10", cut to so many columns.
std::string ProgressLine(std::string_view label, const ProgressStep& step, std::size_t columns);

// The same without a bar, and whole.
std::string PlainProgressLine(std::string_view label, const ProgressStep& step);

// "1.2 MiB": a size for people.
std::string RoundSize(std::uint64_t bytes);

}  // namespace headrace
