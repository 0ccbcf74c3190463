#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace headrace {

// The members of a JSON object, for reading. Not owned.
class JsonFields {
 public:
  // Of what is no object: none.
  explicit JsonFields(const JsonValue& value) : object_(value.As<JsonValue::Object>()) {}
  explicit JsonFields(const JsonValue&&) = delete;

  [[nodiscard]] const JsonValue* Find(std::string_view name) const;
  [[nodiscard]] std::string Text(std::string_view name) const;  // empty if there is none
  [[nodiscard]] std::optional<std::uint64_t> Count(std::string_view name) const;
  [[nodiscard]] std::optional<double> Number(std::string_view name) const;
  [[nodiscard]] bool IsObject() const { return object_ != nullptr; }

 private:
  const JsonValue::Object* object_;
};

struct PartView {
  std::string name;
  std::string media_type;
  std::uint64_t size = 0;  // bytes
};

// A job's status as the service tells it (docs/http.md). The texts are a stranger's: they go to a
// terminal through Printable.
struct JobView {
  std::string id;  // safe in a path: letters, digits, - and _
  std::string queue;
  std::string state;
  std::uint64_t attempt = 0;
  std::string created, started, ended, estimated_start, result_kept_until;  // RFC 3339; or empty
  std::optional<std::uint64_t> position;                                    // jobs before it
  std::uint64_t done = 0, total = 0;  // steps; total 0: not told
  std::optional<double> wait_ms, run_ms, cpu_ms;
  std::optional<std::uint64_t> peak_memory;  // bytes
  std::string error_type, error_detail;
  std::uint64_t error_status = 0;
  std::optional<std::vector<PartView>> parts;  // nothing: there is no result, or no more
  std::string text;                            // as it came (PlainJson), without a line's end

  [[nodiscard]] bool Ended() const;
  [[nodiscard]] bool Succeeded() const { return state == "succeeded"; }
};

// Broken (broken-answer) if it is no status.
Expected<JobView> ReadJobView(std::string_view json);
Expected<JobView> ReadJobView(const JsonValue& value);

// The same JSON, which has been parsed, with \uNNNN for what Printable would not show.
std::string PlainJson(std::string_view json);

// Whether a text can stand in a path as a job's id.
bool IsJobId(std::string_view text);

// Why it did not succeed: "the job failed: <detail> (<type>, HTTP 422)".
std::string FailureText(const JobView& job);

// The status for people, line by line.
std::string DescribeJob(const JobView& job);

}  // namespace headrace
