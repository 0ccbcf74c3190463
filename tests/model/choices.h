#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace headrace::model {

// Walks all sequences of choices, depth first, by doing each of them anew from the beginning: the
// code that is explored needs no copies of its state. Not thread-safe.
//
//   Choices choices;
//   do { choices.Begin(); RunOnce(choices); } while (choices.Next());
class Choices {
 public:
  void Begin() { at_ = 0; }

  // One of 0 .. `count` - 1, `count` at least 1.
  std::size_t Choose(std::size_t count) {
    if (at_ == taken_.size()) taken_.push_back({0, count});
    // A world that is not the same in each run would be explored wrongly.
    if (taken_[at_].count != count) throw std::logic_error("the run depends on more than choices");
    return taken_[at_++].choice;
  }

  // Whether what comes now was never reached before: the run is beyond the choices that it repeats.
  [[nodiscard]] bool Fresh() const { return at_ == taken_.size(); }

  // Nothing after the choices made so far in this run is looked at.
  void Prune() { taken_.resize(at_); }

  // To the next sequence; false after the last one.
  bool Next() {
    while (!taken_.empty() && taken_.back().choice + 1 == taken_.back().count) taken_.pop_back();
    if (taken_.empty()) return false;
    ++taken_.back().choice;
    return true;
  }

 private:
  struct Taken {
    std::size_t choice;
    std::size_t count;
  };
  std::vector<Taken> taken_;
  std::size_t at_ = 0;
};

}  // namespace headrace::model
