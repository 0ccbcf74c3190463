#include "config/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "config/command_keys.h"
#include "config/keys.h"
#include "config/param_keys.h"
#include "config/queue_trees.h"
#include "config/upstream_keys.h"

namespace headrace {
namespace {

// What a key without a value has.
std::string Nothing(const std::string& allowed, const std::string& help) {
  if (allowed.find("empty") != std::string::npos) return "empty";
  return help.find("required") != std::string::npos ? "-" : "none";
}

std::string InCell(std::string text) {
  for (std::size_t bar = text.find('|'); bar != std::string::npos; bar = text.find('|', bar + 2)) {
    text.insert(bar, 1, '\\');
  }
  return text;
}

// The rows of one table.
class Rows {
 public:
  // `prefix` stands before every path.
  explicit Rows(std::string prefix = "") : prefix_(std::move(prefix)) {}

  template <class T>
  void Add(const Key<T>& key) {
    const std::string value = key.show(T{});
    AddRow(key, value.empty() ? Nothing(key.allowed, key.help) : "`" + value + "`",
           key.live ? ". *Live*" : "");
  }
  template <class T>
  void Add(const TreeKey<T>& key) {
    AddRow(key, Nothing(key.allowed, key.help));
  }
  template <class AnyKey, class Wanted>
  void AddIf(const std::vector<AnyKey>& keys, Wanted wanted) {
    for (const AnyKey& key : keys) {
      if (wanted(key.path)) Add(key);
    }
  }
  template <class AnyKey>
  void AddAll(const std::vector<AnyKey>& keys) {
    for (const AnyKey& key : keys) Add(key);
  }

  [[nodiscard]] ReferenceTable Table(std::string name) const {
    return {std::move(name), "| key | default | allowed | meaning |\n|---|---|---|---|\n" + text_};
  }

 private:
  template <class AnyKey>
  void AddRow(const AnyKey& key, const std::string& standard, const char* mark = "") {
    const std::string more = (key.more.empty() ? "" : ". " + key.more) + mark;
    text_ += fmt::format("| `{}{}` | {} | {} | {} |\n", prefix_, key.path, InCell(standard),
                         InCell(key.allowed), InCell(key.help + more));
  }

  const std::string prefix_;
  std::string text_;
};

template <class AnyKey>
bool Has(const std::vector<AnyKey>& keys, const std::string& path) {
  return std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return key.path == path; });
}

bool IsOfOneHandler(const std::string& path) {
  return Has(UpstreamKeys(), path) || Has(CommandKeys(), path) || path.starts_with("pdf.") ||
         path.starts_with("ocr.");
}

ReferenceTable Section(const char* name) {
  const std::string start = std::string(name) + ".";
  Rows rows;
  rows.AddIf(QueueKeys(), [&](const std::string& path) { return path.starts_with(start); });
  return rows.Table(name);
}

ReferenceTable OfCommands() {
  const auto in_section = [](const std::string& path) { return path.starts_with("isolation."); };
  Rows rows;
  // The program first; what it may do last.
  rows.AddIf(CommandTrees(), std::not_fn(in_section));
  rows.AddIf(CommandKeys(), std::not_fn(in_section));
  rows.AddIf(CommandKeys(), in_section);
  rows.AddIf(CommandTrees(), in_section);
  return rows.Table("command");
}

}  // namespace

std::vector<ReferenceTable> ReferenceTables() {
  Rows program;
  program.AddAll(ProgramKeys());
  Rows queue;
  queue.AddIf(QueueKeys(), std::not_fn(IsOfOneHandler));
  Rows http;
  http.AddAll(UpstreamKeys());
  Rows params("params.NAME.");
  params.AddAll(ParamKeys().scalars);
  params.AddAll(ParamKeys().trees);
  return {program.Table("program"), queue.Table("queue"), Section("pdf"),        Section("ocr"),
          http.Table("http"),       OfCommands(),         params.Table("params")};
}

std::string MarkedTable(const ReferenceTable& table) {
  return fmt::format("<!-- keys: {} (scripts/config-docs) -->\n\n{}\n<!-- end of keys -->\n",
                     table.name, table.text);
}

}  // namespace headrace
