#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace headrace {

// Collects what is wrong with a configuration, at most one problem per key, and where each key was
// set. Not thread-safe.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  // Remembers that the key was set at `line` of the file, or by an environment variable.
  void SetAtLine(const std::string& path, int line) { places_[path] = Place{line, {}}; }
  void SetByVariable(const std::string& path, const std::string& name) {
    places_[path] = Place{kAfterFile, "environment: " + name};
  }
  [[nodiscard]] bool IsSet(const std::string& path) const { return places_.count(path) != 0; }

  // A problem of the key, at the place where it was set (or its section was). Later ones of the
  // same key are dropped: one mistake, one line.
  void Add(const std::string& path, const std::string& text) {
    if (!reported_.insert(path).second) return;
    const Place place = Find(path);
    list_.push_back({place.line, Format(place) + ": " + path + ": " + text});
  }
  // A problem that belongs to no key.
  void AddAtLine(int line, const std::string& text) {
    list_.push_back({line, Format(Place{line, {}}) + ": " + text});
  }
  // What a module says of its options: "threads: 0 is below 1", the keys below `prefix`.
  void AddAll(const std::string& prefix, const std::vector<std::string>& found) {
    for (const std::string& line : found) {
      const auto colon = line.find(": ");
      Add(prefix + line.substr(0, colon), line.substr(colon + 2));
    }
  }
  void AddVariable(const std::string& name, const std::string& text) {
    list_.push_back({kAfterFile, "environment: " + name + ": " + text});
  }

  [[nodiscard]] bool empty() const { return list_.empty(); }

  std::vector<std::string> Take() {
    std::stable_sort(list_.begin(), list_.end(),
                     [](const Problem& a, const Problem& b) { return a.line < b.line; });
    std::vector<std::string> texts;
    texts.reserve(list_.size());
    for (Problem& problem : list_) texts.push_back(std::move(problem.text));
    return texts;
  }

  [[nodiscard]] std::map<std::string, std::string> Given() const {
    std::map<std::string, std::string> given;
    for (const auto& [path, place] : places_) given[path] = Format(place);
    return given;
  }

 private:
  static constexpr int kAfterFile = 1 << 30;

  struct Place {
    int line = 0;  // 0: not set anywhere
    std::string variable;
  };
  struct Problem {
    int line;
    std::string text;
  };

  // Where the key was set, or the nearest section around it.
  [[nodiscard]] Place Find(std::string path) const {
    while (true) {
      const auto place = places_.find(path);
      if (place != places_.end()) return place->second;
      const auto dot = path.rfind('.');
      if (dot == std::string::npos) return {};
      path.resize(dot);
    }
  }

  [[nodiscard]] std::string Format(const Place& place) const {
    if (!place.variable.empty()) return place.variable;
    if (file_.empty()) return "defaults";
    return place.line == 0 ? file_ : file_ + ":" + std::to_string(place.line);
  }

  const std::string file_;
  std::map<std::string, Place> places_;
  std::set<std::string> reported_;
  std::vector<Problem> list_;
};

}  // namespace headrace
