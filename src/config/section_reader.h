#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/key.h"
#include "config/problems.h"
#include "config/yaml.h"

namespace headrace {

// A key of a T that is a list or a map. It stands in the file only: no variable sets it.
template <class T>
struct TreeKey {
  std::string path;  // below T, with dots
  // Reads the node into the field; what is wrong goes to `problems`, under the key's full `path` or
  // below it.
  std::function<void(T& target, const YamlNode& node, const std::string& path, Problems& problems)>
      read;
  // Whether both have the same in it; null where somebody else compares what it is a part of.
  std::function<bool(const T& a, const T& b)> same = nullptr;
  // As of Key; the default of each is to have nothing.
  std::string allowed{};
  std::string help{};
  std::string more{};
};

// All keys of a T. The lists outlive it.
template <class T>
struct KeySet {
  const std::vector<Key<T>>& scalars;
  const std::vector<TreeKey<T>>& trees;

  // The names that may stand directly below `section` ("" or "isolation").
  [[nodiscard]] std::vector<std::string> NamesIn(const std::string& section) const {
    const std::string start = section.empty() ? "" : section + ".";
    std::vector<std::string> names;
    const auto add = [&](const std::string& path) {
      if (path.compare(0, start.size(), start) != 0) return;
      std::string name = path.substr(start.size(), path.find('.', start.size()) - start.size());
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(std::move(name));
      }
    };
    for (const auto& key : scalars) add(key.path);
    for (const auto& key : trees) add(key.path);
    return names;
  }
};

// Puts a text into the key's field, or says what is wrong and what is allowed.
template <class T>
void Apply(const Key<T>& key, T& target, const std::string& path, const std::string& text,
           Problems& problems) {
  if (auto problem = key.read(target, text)) {
    problems.Add(path, fmt::format("{}; allowed: {}", *problem, key.allowed));
  }
}

// The items of a list with commas between; nothing if it is none, is empty, or holds more than
// words.
inline std::optional<std::string> ListText(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kList || node.children.empty()) return std::nullopt;
  std::string text;
  for (const YamlNode& item : node.children) {
    if (item.kind != YamlNode::Kind::kScalar) return std::nullopt;
    text += (text.empty() ? "" : ", ") + item.text;
  }
  return text;
}

// Reads a map whose keys are those of a T into one.
template <class T>
class SectionReader {
 public:
  // `prefix` stands before every path in messages ("queues.simulate.").
  SectionReader(KeySet<T> keys, std::string prefix, T& target, Problems& problems)
      : keys_(keys), prefix_(std::move(prefix)), target_(target), problems_(problems) {}

  // `section` is the path of `map` below T.
  void Read(const YamlNode& map, const std::string& section) {
    for (const YamlNode& child : map.children) {
      const std::string path = section.empty() ? child.name : section + "." + child.name;
      problems_.SetAtLine(prefix_ + path, child.line);
      if (const Key<T>* key = Find(keys_.scalars, path)) {
        ReadScalar(*key, child);
      } else if (const TreeKey<T>* tree = Find(keys_.trees, path)) {
        tree->read(target_, child, prefix_ + path, problems_);
      } else if (!keys_.NamesIn(path).empty()) {
        ReadSection(child, path);
      } else {
        problems_.Add(prefix_ + path, fmt::format("unknown key; allowed: {}",
                                                  fmt::join(keys_.NamesIn(section), ", ")));
      }
    }
  }

 private:
  template <class AnyKey>
  static const AnyKey* Find(const std::vector<AnyKey>& keys, const std::string& path) {
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const AnyKey& k) { return k.path == path; });
    return key == keys.end() ? nullptr : &*key;
  }

  void ReadScalar(const Key<T>& key, const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kScalar) {
      Apply(key, target_, prefix_ + key.path, node.text, problems_);
      return;
    }
    if (const auto text = key.list ? ListText(node) : std::nullopt) {
      Apply(key, target_, prefix_ + key.path, *text, problems_);
      return;
    }
    const char* what = node.kind == YamlNode::Kind::kNull ? "has no value" : "must be one value";
    problems_.Add(prefix_ + key.path, fmt::format("{}; allowed: {}", what, key.allowed));
  }

  void ReadSection(const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kMap || node.kind == YamlNode::Kind::kNull) {
      Read(node, path);
      return;
    }
    problems_.Add(prefix_ + path, fmt::format("must be a section; its keys: {}",
                                              fmt::join(keys_.NamesIn(path), ", ")));
  }

  const KeySet<T> keys_;
  const std::string prefix_;
  T& target_;
  Problems& problems_;
};

}  // namespace headrace
