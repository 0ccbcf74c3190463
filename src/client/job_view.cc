#include "client/job_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/printable.h"
#include "client/exit_codes.h"

namespace headrace {
namespace {

Error NoStatus() {
  return Broken("broken-answer", "the service's answer is broken: it is no status of a job");
}

void ReadParts(const JsonValue* value, JobView& job) {
  const auto* const items = value == nullptr ? nullptr : value->As<JsonValue::Array>();
  if (items == nullptr) return;
  job.parts.emplace();
  for (const JsonValue& item : *items) {
    const JsonFields part(item);
    job.parts->push_back(
        {part.Text("name"), part.Text("media_type"), part.Count("size").value_or(0)});
  }
}

void ReadError(const JsonValue* value, JobView& job) {
  if (value == nullptr) return;
  const JsonFields error(*value);
  job.error_type = error.Text("type");
  job.error_detail = error.Text("detail");
  job.error_status = error.Count("status").value_or(0);
}

void ReadProgress(const JsonValue* value, JobView& job) {
  if (value == nullptr) return;
  const JsonFields progress(*value);
  job.done = progress.Count("done").value_or(0);
  job.total = progress.Count("total").value_or(0);
}

// A character of several bytes in UTF-8 as \uNNNN; those that are not shown have four digits.
void AppendEscape(std::string& text, std::string_view character) {
  unsigned value = static_cast<unsigned char>(character.front()) & (0x7FU >> character.size());
  for (const char c : character.substr(1)) {
    value = value << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  }
  text += fmt::format("\\u{:04x}", value);
}

// For lines of one name and one value.
class Sheet {
 public:
  void Add(std::string_view name, std::string_view value) {
    if (!value.empty()) {
      fmt::format_to(std::back_inserter(text_), "{:<16}{}\n", name, Printable(value));
    }
  }
  void AddTime(std::string_view name, const std::optional<double>& milliseconds) {
    if (milliseconds) Add(name, fmt::format("{:.3f} s", *milliseconds / 1000));
  }
  [[nodiscard]] std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

const JsonValue* JsonFields::Find(std::string_view name) const {
  if (object_ == nullptr) return nullptr;
  const auto found = std::find_if(object_->begin(), object_->end(),
                                  [&](const auto& member) { return member.name == name; });
  return found == object_->end() ? nullptr : &found->value;
}

std::string JsonFields::Text(std::string_view name) const {
  const JsonValue* const value = Find(name);
  const auto* const text = value == nullptr ? nullptr : value->As<std::string>();
  return text == nullptr ? std::string() : *text;
}

std::optional<std::uint64_t> JsonFields::Count(std::string_view name) const {
  const JsonValue* const value = Find(name);
  const auto* const count = value == nullptr ? nullptr : value->As<std::uint64_t>();
  return count == nullptr ? std::nullopt : std::optional(*count);
}

std::optional<double> JsonFields::Number(std::string_view name) const {
  if (const auto count = Count(name)) return static_cast<double>(*count);
  const JsonValue* const value = Find(name);
  const auto* const number = value == nullptr ? nullptr : value->As<double>();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

bool JobView::Ended() const {
  constexpr std::array<std::string_view, 4> kEnds{"succeeded", "failed", "cancelled", "expired"};
  return std::find(kEnds.begin(), kEnds.end(), state) != kEnds.end();
}

Expected<JobView> ReadJobView(std::string_view json) {
  const auto value = ParseJson(json);
  if (!value) return NoStatus();
  auto job = ReadJobView(*value);
  while (json.ends_with('\n')) json.remove_suffix(1);
  if (job) job->text = PlainJson(json);
  return job;
}

Expected<JobView> ReadJobView(const JsonValue& value) {
  const JsonFields members(value);
  JobView job;
  job.id = members.Text("job_id");
  job.state = members.Text("state");
  if (!IsJobId(job.id) || job.state.empty()) return NoStatus();
  job.queue = members.Text("queue");
  job.attempt = members.Count("attempt").value_or(0);
  job.created = members.Text("created");
  job.started = members.Text("started");
  job.ended = members.Text("ended");
  job.estimated_start = members.Text("estimated_start");
  job.result_kept_until = members.Text("result_kept_until");
  job.position = members.Count("position");
  job.wait_ms = members.Number("wait_ms");
  job.run_ms = members.Number("run_ms");
  job.cpu_ms = members.Number("cpu_ms");
  job.peak_memory = members.Count("peak_memory_bytes");
  ReadProgress(members.Find("progress"), job);
  ReadError(members.Find("error"), job);
  ReadParts(members.Find("parts"), job);
  return job;
}

// Characters that are not ASCII stand in its texts alone, and ASCII ones that steer a terminal are
// escaped in any JSON, but for one that may stand between two values.
std::string PlainJson(std::string_view json) {
  std::string plain;
  plain.reserve(json.size());
  while (!json.empty()) {
    const Character first = FirstCharacter(json);
    const std::size_t length = std::max<std::size_t>(first.length, 1);
    if (json.front() == '\r') {
      plain += ' ';
    } else if (first.shown || length == 1) {
      plain += json.substr(0, length);
    } else {
      AppendEscape(plain, json.substr(0, length));
    }
    json.remove_prefix(length);
  }
  return plain;
}

bool IsJobId(std::string_view text) {
  constexpr std::size_t kLongest = 128;
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::string FailureText(const JobView& job) {
  std::string what =
      job.state == "failed" ? "the job failed" : "the job is " + Printable(job.state);
  if (job.error_detail.empty() && job.error_type.empty()) return what;
  return fmt::format("{}: {} ({}, HTTP {})", what, Printable(job.error_detail),
                     Printable(job.error_type), job.error_status);
}

std::string DescribeJob(const JobView& job) {
  Sheet sheet;
  sheet.Add("job", job.id);
  sheet.Add("queue", job.queue);
  sheet.Add("state", job.state);
  if (job.position) sheet.Add("jobs before it", std::to_string(*job.position));
  sheet.Add("starts about", job.estimated_start);
  if (job.total > 0) sheet.Add("progress", fmt::format("{} of {}", job.done, job.total));
  if (job.attempt > 1) sheet.Add("attempt", std::to_string(job.attempt));
  sheet.Add("created", job.created);
  sheet.Add("started", job.started);
  sheet.Add("ended", job.ended);
  sheet.AddTime("waited", job.wait_ms);
  sheet.AddTime("ran", job.run_ms);
  sheet.AddTime("CPU time", job.cpu_ms);
  if (job.peak_memory) sheet.Add("peak of memory", fmt::format("{} bytes", *job.peak_memory));
  if (!job.error_detail.empty() || !job.error_type.empty()) sheet.Add("error", FailureText(job));
  sheet.Add("kept until", job.result_kept_until);
  if (!job.parts) return sheet.Take();
  for (const PartView& part : *job.parts) {
    sheet.Add("part", fmt::format("{} ({}, {} bytes)", part.name, part.media_type, part.size));
  }
  return sheet.Take();
}

}  // namespace headrace
