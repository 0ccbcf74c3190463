#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "handler/ocr/picture.h"
#include "headrace/result.h"

namespace headrace {

// How the pages of a payload become pictures.
struct PageSettings {
  std::optional<int> dpi;  // of a PDF's pages, and of images that do not tell theirs
  std::optional<std::string> password;
  PictureLimits limits;
};

// The pages of a payload, one at a time. Uses the payload while it lives. Not thread-safe.
class PageSource {
 public:
  PageSource() = default;
  PageSource(const PageSource&) = delete;
  PageSource& operator=(const PageSource&) = delete;
  virtual ~PageSource() = default;

  [[nodiscard]] virtual int Count() const = 0;
  // `number` counts from 1. A failure is the payload's; throws std::bad_alloc.
  [[nodiscard]] virtual std::variant<Picture, Failure> Page(int number) = 0;
};

using OpenedPages = std::variant<std::unique_ptr<PageSource>, Failure>;

// The pages of a PNG, JPEG, TIFF or PDF, as its first bytes tell; the failure says why it has none.
// PDFium is initialised and pictures are prepared.
OpenedPages OpenPages(std::span<const std::byte> payload, const PageSettings& settings);

// The same for what is a PDF.
OpenedPages OpenPdfPages(std::span<const std::byte> payload, const PageSettings& settings);

}  // namespace headrace
