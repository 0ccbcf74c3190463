#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace {

// A choice of pages as a client writes it: `1-3,7,last`, `5-`, `2-last`. Items are taken in the
// order in which they are written; a page that is named twice is taken once.
class PageRanges {
 public:
  // Errors have a hint for the client.
  static Expected<PageRanges> Parse(std::string_view text);

  // The chosen pages of a document of `count` pages, numbered from 1; at most `limit` + 1 of them
  // are listed, so that a caller sees that there are too many. Nothing if a page does not exist,
  // which `bad_page` then names (0: the range runs backwards).
  [[nodiscard]] std::optional<std::vector<int>> Select(int count, int limit, int* bad_page) const;

 private:
  static constexpr int kLast = -1;
  struct Range {
    int first;
    int last;
  };
  std::vector<Range> ranges_;
};

}  // namespace headrace
