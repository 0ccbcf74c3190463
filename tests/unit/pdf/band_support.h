#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "handler/pdf/document.h"

namespace headrace {

// Memory of which all but the rows of the band is out of bounds.
class GuardedRows {
 public:
  GuardedRows(std::size_t bytes_before, std::size_t bytes) : size_(bytes_before + bytes + kGuard) {
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t begin = bytes_before / page * page;
    const std::size_t end = (bytes_before + bytes + page - 1) / page * page;
    mprotect(memory_ + begin, end - begin, PROT_READ | PROT_WRITE);
    rows_ = memory_ + bytes_before;
  }
  ~GuardedRows() { munmap(memory_, size_); }
  GuardedRows(const GuardedRows&) = delete;
  GuardedRows& operator=(const GuardedRows&) = delete;
  [[nodiscard]] std::byte* get() const { return rows_; }

 private:
  static constexpr std::size_t kGuard = std::size_t{64} << 20;
  const std::size_t size_;
  std::byte* memory_ = nullptr;
  std::byte* rows_ = nullptr;
};

// All rows, drawn in bands of `rows` and put together. PDFium meets guard pages around each band.
inline std::vector<std::byte> DrawInBands(const PdfPage& page, const Drawing& drawing, int rows) {
  const std::size_t row_bytes = std::size_t{4} * static_cast<std::size_t>(drawing.width);
  const auto bytes_of = [&](int count) { return static_cast<std::size_t>(count) * row_bytes; };
  std::vector<std::byte> all;
  for (int top = 0; top < drawing.height; top += rows) {
    const Band band{top, std::min(rows, drawing.height - top)};
    const Band drawn = WithMargin(band, drawing.height);
    const GuardedRows guarded(bytes_of(drawn.top), bytes_of(drawn.rows));
    EXPECT_TRUE(page.DrawBand(drawing, drawn, guarded.get()));
    const std::byte* const first = guarded.get() + bytes_of(band.top - drawn.top);
    all.insert(all.end(), first, first + bytes_of(band.rows));
  }
  return all;
}

}  // namespace headrace
