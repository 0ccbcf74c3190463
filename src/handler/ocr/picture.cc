#include "handler/ocr/picture.h"

#include <fmt/format.h>
#include <leptonica/allheaders.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

namespace headrace {
namespace {

// What Tesseract believes of a picture's own resolution.
constexpr int kLeastDpi = 70;
constexpr int kMostDpi = 2400;

bool lacks_memory = false;

void* Allocate(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) lacks_memory = true;
  return memory;
}

Failure Bad(const char* type, std::string hint) {
  return {Failure::Kind::kBadPayload, type, std::move(hint), {}};
}

Failure Damaged(int number) {
  return Bad("ocr-damaged",
             fmt::format("page {} is damaged or of a kind that cannot be read; send an intact PNG, "
                         "JPEG or TIFF",
                         number));
}

const l_uint8* Bytes(std::span<const std::byte> payload) {
  return reinterpret_cast<const l_uint8*>(payload.data());
}

struct Size {
  l_int32 width = 0;
  l_int32 height = 0;
};

// Of picture `index`, by its header alone; zeros if that cannot be read.
Size HeaderSize(PayloadKind kind, std::span<const std::byte> payload, int index) {
  Size size;
  l_int32 failed = 1;
  switch (kind) {
    case PayloadKind::kPng:
      failed = readHeaderMemPng(Bytes(payload), payload.size(), &size.width, &size.height, nullptr,
                                nullptr, nullptr);
      break;
    case PayloadKind::kJpeg:
      failed = readHeaderMemJpeg(Bytes(payload), payload.size(), &size.width, &size.height, nullptr,
                                 nullptr, nullptr);
      break;
    case PayloadKind::kTiff:
      failed = readHeaderMemTiff(Bytes(payload), payload.size(), index, &size.width, &size.height,
                                 nullptr, nullptr, nullptr, nullptr, nullptr);
      break;
    case PayloadKind::kPdf:
    case PayloadKind::kUnknown:
      break;
  }
  return failed == 0 ? size : Size{};
}

Picture Decode(PayloadKind kind, std::span<const std::byte> payload, int index) {
  errno = 0;
  Picture decoded;
  switch (kind) {
    case PayloadKind::kPng:
      decoded = Picture(pixReadMemPng(Bytes(payload), payload.size()));
      break;
    case PayloadKind::kJpeg:
      decoded = Picture(pixReadMemJpeg(Bytes(payload), payload.size(), 0, 1, nullptr, 0));
      break;
    case PayloadKind::kTiff:
      decoded = Picture(pixReadMemTiff(Bytes(payload), payload.size(), index));
      break;
    case PayloadKind::kPdf:
    case PayloadKind::kUnknown:
      break;
  }
  if (!decoded && errno == ENOMEM) throw std::bad_alloc();
  return decoded;
}

// The result of a conversion, which fails for want of memory only.
Picture Made(Pix* pix) {
  if (pix == nullptr) throw std::bad_alloc();
  return Picture(pix);
}

// As Tesseract would convert it for itself, but once: it keeps several copies, of which gray ones
// are a quarter.
Picture ToGray(Picture picture) {
  const int dpi = picture.Dpi();
  if (pixGetColormap(picture.get()) != nullptr) {
    picture = Made(pixRemoveColormap(picture.get(), REMOVE_CMAP_BASED_ON_SRC));
  }
  if (pixGetSpp(picture.get()) == 4) picture = Made(pixRemoveAlpha(picture.get()));
  const int depth = pixGetDepth(picture.get());
  if (depth != 1 && depth != 8) picture = Made(pixConvertTo8(picture.get(), 0));
  picture.SetDpi(dpi);
  return picture;
}

}  // namespace

Picture::~Picture() { pixDestroy(&pix_); }

Picture Picture::Gray(int width, int height) {
  constexpr l_int32 kDepth = 8;
  return Made(pixCreateNoInit(width, height, kDepth));
}

int Picture::Width() const { return pixGetWidth(pix_); }
int Picture::Height() const { return pixGetHeight(pix_); }

int Picture::Dpi() const {
  const int dpi = pixGetYRes(pix_);
  return dpi >= kLeastDpi && dpi <= kMostDpi ? dpi : 0;
}

void Picture::SetDpi(int dpi) { pixSetResolution(pix_, dpi, dpi); }

std::uint8_t* Picture::Row(int y) const {
  return reinterpret_cast<std::uint8_t*>(pixGetData(pix_) + std::ptrdiff_t{y} * pixGetWpl(pix_));
}

void PreparePictures() {
  setMsgSeverity(L_SEVERITY_NONE);
  setPixMemoryManager(&Allocate, &std::free);
}

void ThrowIfPicturesLackMemory() {
  if (lacks_memory) throw std::bad_alloc();
}

int CountTiffPages(std::span<const std::byte> tiff) {
  // fmemopen with "rb" does not write, whatever its parameter's type.
  auto* const bytes = const_cast<std::byte*>(tiff.data());
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fmemopen(bytes, tiff.size(), "rb"),
                                                   &std::fclose);
  l_int32 count = 0;
  if (!file || tiffGetCount(file.get(), &count) != 0) return 0;
  return count;
}

std::optional<Failure> CheckSize(double width, double height, int number,
                                 const PictureLimits& limits) {
  const bool fits = width * height <= static_cast<double>(limits.max_pixels) &&
                    width <= limits.max_side && height <= limits.max_side;
  if (fits) return std::nullopt;  // not so for what is not a number
  return Bad(
      "ocr-page-too-large",
      fmt::format("page {} has {:.0f} x {:.0f} pixels; at most {} pixels and {} on a side are "
                  "read: send a smaller one, or ask for a lower dpi",
                  number, width, height, limits.max_pixels, limits.max_side));
}

std::variant<Picture, Failure> DecodePicture(PayloadKind kind, std::span<const std::byte> payload,
                                             int number, const PictureLimits& limits) {
  const int index = kind == PayloadKind::kTiff ? number - 1 : 0;
  const Size size = HeaderSize(kind, payload, index);
  if (size.width <= 0 || size.height <= 0) return Damaged(number);
  if (auto failure = CheckSize(size.width, size.height, number, limits)) return *std::move(failure);
  Picture decoded = Decode(kind, payload, index);
  ThrowIfPicturesLackMemory();
  if (!decoded) return Damaged(number);
  return ToGray(std::move(decoded));
}

}  // namespace headrace
