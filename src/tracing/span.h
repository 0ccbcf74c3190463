#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/deadline.h"
#include "base/trace.h"

namespace headrace {

// OpenTelemetry's SpanKind, with its numbers.
enum class SpanKind { kInternal = 1, kServer = 2 };

// One measured piece of work of a sampled trace. Value type.
struct Span {
  using Value = std::variant<std::string, std::int64_t, double>;

  // Bytes of a text that are sent. Longer ones are cut where they are taken: spans wait in memory.
  static constexpr std::size_t kMaxText = 2048;

  TraceContext context;
  std::array<char, 16> parent_id{};  // hexadecimal digits; all NUL: it is the root
  bool remote_parent = false;        // that one is another program's
  std::string trace_state;           // the request's tracestate; may be empty
  SpanKind kind = SpanKind::kInternal;
  std::string name;
  SteadyTime start;
  SteadyTime end;
  std::vector<std::pair<std::string_view, Value>> attributes;  // names are literals
  bool failed = false;                                         // its status is ERROR
  std::string failure;                                         // why, for the operator

  [[nodiscard]] bool IsRoot() const { return parent_id.front() == '\0'; }
  void Add(std::string_view name_of, std::string text) {
    attributes.emplace_back(name_of, std::move(text));
  }
  void Add(std::string_view name_of, std::int64_t number) {
    attributes.emplace_back(name_of, number);
  }
  void Add(std::string_view name_of, double number) { attributes.emplace_back(name_of, number); }
};

}  // namespace headrace
