#include "config/sample.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "config/command_keys.h"
#include "config/keys.h"

namespace headrace {
namespace {

constexpr std::size_t kCommentColumn = 29;
constexpr std::size_t kWidth = 112;

constexpr const char* kHead =
    R"(# headrace: every scalar key with its default. Order: defaults < this file < environment, where
# HEADRACE_SERVER_LISTEN sets server.listen and HEADRACE_QUEUES_SIMULATE_CAPACITY a queue's key.
# Sizes: 512B 16KiB 64MiB 1GiB. Durations: 500ms 30s 5m 24h. `headrace check -c FILE` says what is wrong.
# Made from the declarations in src/config by scripts/config-docs; docs/configuration.md tells more.
)";

constexpr const char* kTail = R"(
  # Queues with handler ocr have keys of their own, under `ocr`: examples/ocr/headrace.yaml shows them. Those
  # with handler command run a program of yours: examples/command/headrace.yaml.

  simulate:
    handler: simulate
    workers: 1
    capacity: 10
    expected_run: 3s
    path: /put
    isolation: {mode: thread}
)";

struct Entry {
  std::string path;  // below the section that is being written
  std::string value;
  std::string comment;
};

std::string Quoted(const std::string& value) {
  return value.empty() || value.find(':') != std::string::npos ? '"' + value + '"' : value;
}

template <class T>
Entry MakeEntry(const Key<T>& key) {
  return {key.path, Quoted(key.show(T{})), key.allowed + "; " + key.help};
}

// `line`, and the comment beside it, on as many lines as it takes.
std::string WithComment(std::string line, const std::string& comment) {
  std::string text;
  const auto begin_comment = [&line] {
    line.resize(std::max(line.size() + 2, kCommentColumn), ' ');
    line += '#';
  };
  begin_comment();
  std::istringstream words(comment);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kWidth) {
      text += line + '\n';
      line.clear();
      begin_comment();
    }
    line += ' ' + word;
  }
  return text + line + '\n';
}

// A section's keys, then the sections in it, each with its heading.
std::string Section(const std::vector<Entry>& entries, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string text;
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    const auto dot = entry.path.find('.');
    if (dot == std::string::npos) {
      text += WithComment(margin + entry.path + ": " + entry.value, entry.comment);
    } else if (std::find(names.begin(), names.end(), entry.path.substr(0, dot)) == names.end()) {
      names.push_back(entry.path.substr(0, dot));
    }
  }
  for (const std::string& name : names) {
    std::vector<Entry> inner;
    for (const Entry& entry : entries) {
      if (!entry.path.starts_with(name + ".")) continue;
      inner.push_back({entry.path.substr(name.size() + 1), entry.value, entry.comment});
    }
    text += margin + name + ":\n" + Section(inner, indent + 2);
  }
  return text;
}

std::string TopName(const Entry& entry) { return entry.path.substr(0, entry.path.find('.')); }

// One after the other, with a line between them.
std::string TopSections(const std::vector<Entry>& entries) {
  std::string text;
  for (auto first = entries.begin(); first != entries.end();) {
    const auto last = std::find_if(first, entries.end(), [&](const Entry& entry) {
      return TopName(entry) != TopName(*first);
    });
    text += "\n" + Section({first, last}, 0);
    first = last;
  }
  return text;
}

// Keys of handlers that the sample has not.
bool IsElsewhere(const std::string& path) {
  return path.starts_with("ocr.") ||
         std::any_of(CommandKeys().begin(), CommandKeys().end(),
                     [&](const auto& command) { return command.path == path; });
}

}  // namespace

std::string SampleFile() {
  std::vector<Entry> program;
  for (const auto& key : ProgramKeys()) program.push_back(MakeEntry(key));
  std::vector<Entry> queue;
  for (const auto& key : QueueKeys()) {
    if (IsElsewhere(key.path)) continue;
    queue.push_back(MakeEntry(key));
    if (key.path == "handler") queue.back().value = "pdf-to-image";
  }
  return kHead + TopSections(program) + "\nqueues:\n  pdf-to-image:\n" + Section(queue, 4) + kTail;
}

}  // namespace headrace
