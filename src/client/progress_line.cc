#include "client/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/printable.h"

namespace headrace {
namespace {

constexpr std::size_t kBar = 20;  // columns

std::string Bar(std::uint64_t done, std::uint64_t total) {
  const double share = static_cast<double>(std::min(done, total)) / static_cast<double>(total);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(kBar));
  return fmt::format(" [{}{}]", std::string(full, '#'), std::string(kBar - full, '-'));
}

std::string Cut(std::string_view text, std::size_t columns) {
  std::size_t size = 0;
  for (std::size_t column = 0; column < columns && size < text.size(); ++column) {
    size += std::max<std::size_t>(FirstCharacter(text.substr(size)).length, 1);
  }
  return std::string(text.substr(0, size));
}

}  // namespace

std::string ProgressLine(std::string_view label, const ProgressStep& step, std::size_t columns) {
  if (step.total == 0) return Cut(PlainProgressLine(label, step), columns);
  return Cut(fmt::format("{}: {}{} {}", label, step.what, Bar(step.done, step.total), step.detail),
             columns);
}

std::string PlainProgressLine(std::string_view label, const ProgressStep& step) {
  return fmt::format("{}: {}{}{}", label, step.what, step.detail.empty() ? "" : ", ", step.detail);
}

std::string RoundSize(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  constexpr std::uint64_t kStep = 1024;
  if (bytes < kStep) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / kStep;
  std::size_t unit = 0;
  for (; size >= kStep && unit + 1 < kUnits.size(); ++unit) size /= kStep;
  return fmt::format("{:.1f} {}", size, kUnits.at(unit));
}

}  // namespace headrace
