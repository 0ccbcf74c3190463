#include "handler/pdf/deflater.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <vector>

namespace headrace {
namespace {

constexpr int kFastLevel = 2;
constexpr int kSmallLevel = 6;
constexpr std::size_t kRoom = std::size_t{128} << 10;  // bytes of output at least, each time
// The libraries count in 32 bits.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

std::uint32_t Count(std::size_t size) {
  return static_cast<std::uint32_t>(std::min(size, kMostAtOnce));
}

class IsalDeflater final : public Deflater {
 public:
  IsalDeflater() : level_buffer_(ISAL_DEF_LVL2_DEFAULT) {}

  void Begin(std::size_t /*size*/) override {
    isal_deflate_init(&stream_);
    stream_.level = kFastLevel;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
    stream_.gzip_flag = IGZIP_ZLIB;
  }

  void Add(std::span<const std::uint8_t> bytes, bool last, PngFile& file) override {
    // It does not write there; its interface has no const.
    stream_.next_in = const_cast<std::uint8_t*>(bytes.data());
    stream_.avail_in = static_cast<std::uint32_t>(bytes.size());
    stream_.end_of_stream = last ? 1 : 0;
    bool more = true;
    while (more) {
      const auto room = file.Room(kRoom);
      stream_.next_out = room.data();
      stream_.avail_out = Count(room.size());
      const std::uint32_t before = stream_.avail_out;
      if (isal_deflate(&stream_) != COMP_OK) throw std::runtime_error("isal_deflate failed");
      const bool full = stream_.avail_out == 0;
      file.Commit(before - stream_.avail_out);
      more = last ? stream_.internal_state.state != ZSTATE_END : full;
    }
  }

 private:
  isal_zstream stream_{};
  std::vector<std::uint8_t> level_buffer_;
};

class WholeDeflater final : public Deflater {
 public:
  WholeDeflater() : compressor_(libdeflate_alloc_compressor(kSmallLevel)) {
    if (compressor_ == nullptr) throw std::bad_alloc();
  }
  ~WholeDeflater() override { libdeflate_free_compressor(compressor_); }

  void Begin(std::size_t size) override {
    bytes_.clear();
    bytes_.reserve(size);
  }

  void Add(std::span<const std::uint8_t> bytes, bool last, PngFile& file) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    if (!last) return;
    const auto room = file.Room(libdeflate_zlib_compress_bound(compressor_, bytes_.size()));
    file.Commit(libdeflate_zlib_compress(compressor_, bytes_.data(), bytes_.size(), room.data(),
                                         room.size()));
  }

 private:
  libdeflate_compressor* compressor_;
  std::vector<std::uint8_t> bytes_;
};

class ZlibDeflater final : public Deflater {
 public:
  ZlibDeflater() {
    if (deflateInit(&stream_, kSmallLevel) != Z_OK) throw std::bad_alloc();
  }
  ~ZlibDeflater() override { deflateEnd(&stream_); }

  void Begin(std::size_t /*size*/) override { deflateReset(&stream_); }

  void Add(std::span<const std::uint8_t> bytes, bool last, PngFile& file) override {
    // It does not write there; its interface has no const.
    stream_.next_in = const_cast<Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    bool more = true;
    while (more) {
      const auto room = file.Room(kRoom);
      stream_.next_out = room.data();
      stream_.avail_out = Count(room.size());
      const std::uint32_t before = stream_.avail_out;
      const int status = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      if (status == Z_STREAM_ERROR) throw std::runtime_error("deflate failed");
      const bool full = stream_.avail_out == 0;
      file.Commit(before - stream_.avail_out);
      more = last ? status != Z_STREAM_END : full;
    }
  }

 private:
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<Deflater> MakeFastDeflater() { return std::make_unique<IsalDeflater>(); }

std::unique_ptr<Deflater> MakeSmallDeflater() { return std::make_unique<WholeDeflater>(); }

std::unique_ptr<Deflater> MakeStreamingSmallDeflater() { return std::make_unique<ZlibDeflater>(); }

}  // namespace headrace
