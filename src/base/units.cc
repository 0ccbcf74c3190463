#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace headrace {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, so that formatting takes the first that divides.
constexpr std::array<Unit, 4> kSizes{
    {{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};
constexpr std::array<Unit, 4> kDurations{
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

Expected<std::uint64_t> Parse(std::string_view text, std::span<const Unit> units,
                              std::string_view example) {
  const Error bad{ErrorCode::kInvalidArgument,
                  "bad-unit",
                  fmt::format("'{}' is not a whole number with a unit, like {}", text, example),
                  {}};
  std::uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc{}) return bad;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (unit.empty() && number == 0) return number;
  for (const Unit& known : units) {
    if (known.name != unit) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / known.factor) return bad;
    return number * known.factor;
  }
  return bad;
}

std::string Format(std::uint64_t number, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (number != 0 && number % unit.factor == 0) {
      return fmt::format("{}{}", number / unit.factor, unit.name);
    }
  }
  return "0";
}

}  // namespace

Expected<std::uint64_t> ParseSize(std::string_view text) {
  return Parse(text, kSizes, "64MiB (B, KiB, MiB, GiB)");
}

Expected<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  auto parsed = Parse(text, kDurations, "30s (ms, s, m, h)");
  if (!parsed) return std::move(parsed).error();
  return std::chrono::milliseconds(*parsed);
}

std::string FormatSize(std::uint64_t bytes) { return Format(bytes, kSizes); }

std::string FormatDuration(std::chrono::milliseconds duration) {
  // 90000 ms is "90s", as people write it, not "1500ms" nor a fraction of minutes.
  const auto count = static_cast<std::uint64_t>(duration.count());
  return Format(count, kDurations);
}

}  // namespace headrace
