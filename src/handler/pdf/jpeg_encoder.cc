#include "handler/pdf/jpeg_encoder.h"

#include <setjmp.h>
// jpeglib.h needs FILE.
#include <jpeglib.h>
#include <stdio.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace headrace {
namespace {

constexpr std::size_t kFirstRoom = std::size_t{256} << 10;
constexpr UINT8 kDotsPerInch = 1;
// From here on the exact transform is worth its time; libjpeg-turbo's own API decides the same.
constexpr int kExactQuality = 96;
constexpr std::size_t kRowsAtOnce = 16;

// Hands over `count` rows; returns how many libjpeg took.
std::size_t WriteRows(j_compress_ptr info, const std::byte* bgra, std::size_t count) {
  std::array<JSAMPROW, kRowsAtOnce> rows{};
  const std::size_t row_bytes = std::size_t{info->image_width} * 4;
  for (std::size_t i = 0; i < count; ++i) {
    // libjpeg only reads them; its interface is older than const.
    rows[i] = const_cast<JSAMPROW>(reinterpret_cast<const JSAMPLE*>(bgra + i * row_bytes));
  }
  return jpeg_write_scanlines(info, rows.data(), static_cast<JDIMENSION>(count));
}

}  // namespace

// libjpeg reports errors by a call that must not return: it jumps back to where Guard called the
// library. Nothing between has a destructor.
struct JpegEncoder::State {
  State();
  ~State() { jpeg_destroy_compress(&info); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static State& Of(j_common_ptr info) { return *static_cast<State*>(info->client_data); }
  static State& Of(j_compress_ptr info) { return *static_cast<State*>(info->client_data); }

  template <class Step>
  void Guard(Step step) {
    if (setjmp(jump) == 0) {
      step();
      return;
    }
    if (out_of_memory) throw std::bad_alloc();
    std::array<char, JMSG_LENGTH_MAX> message{};
    errors.format_message(reinterpret_cast<j_common_ptr>(&info), message.data());
    throw std::runtime_error(message.data());
  }

  // The buffer is full: makes it larger. False if there is no memory.
  bool Grow() {
    const std::size_t used = file.size();
    try {
      file.resize(used + std::max(used / 2, kFirstRoom));
    } catch (const std::bad_alloc&) {
      return false;
    }
    destination.next_output_byte = file.data() + used;
    destination.free_in_buffer = file.size() - used;
    return true;
  }

  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_destination_mgr destination{};
  jmp_buf jump{};
  bool out_of_memory = false;
  std::size_t row_bytes = 0;
  std::vector<JOCTET> file;
};

JpegEncoder::State::State() {
  info.err = jpeg_std_error(&errors);
  info.client_data = this;
  errors.error_exit = [](j_common_ptr common) {
    // NOLINTNEXTLINE(bugprone-*): how libjpeg is left on an error
    longjmp(Of(common).jump, 1);
  };
  errors.output_message = [](j_common_ptr) {};
  Guard([this] { jpeg_create_compress(&info); });
  destination.init_destination = [](j_compress_ptr) {};
  destination.term_destination = [](j_compress_ptr) {};
  destination.empty_output_buffer = [](j_compress_ptr compress) -> boolean {
    State& state = Of(compress);
    if (state.Grow()) return TRUE;
    state.out_of_memory = true;
    compress->err->error_exit(reinterpret_cast<j_common_ptr>(compress));
    return FALSE;
  };
  info.dest = &destination;
}

JpegEncoder::JpegEncoder() : state_(std::make_unique<State>()) {}

JpegEncoder::~JpegEncoder() = default;

void JpegEncoder::Begin(const ImageSpec& spec) {
  jpeg_compress_struct& info = state_->info;
  state_->out_of_memory = false;
  state_->row_bytes = static_cast<std::size_t>(spec.width) * 4;
  state_->file.resize(std::max(state_->file.capacity(), kFirstRoom));
  state_->destination.next_output_byte = state_->file.data();
  state_->destination.free_in_buffer = state_->file.size();
  state_->Guard([&] {
    jpeg_abort_compress(&info);
    info.image_width = static_cast<JDIMENSION>(spec.width);
    info.image_height = static_cast<JDIMENSION>(spec.height);
    info.input_components = 4;
    info.in_color_space = JCS_EXT_BGRX;
    jpeg_set_defaults(&info);
    if (spec.pixels == Pixels::kGray) jpeg_set_colorspace(&info, JCS_GRAYSCALE);
    jpeg_set_quality(&info, spec.quality, TRUE);
    info.dct_method = spec.quality >= kExactQuality ? JDCT_ISLOW : JDCT_FASTEST;
    info.density_unit = kDotsPerInch;
    const auto density = static_cast<UINT16>(std::lround(std::clamp(spec.dpi, 1.0, 65535.0)));
    info.X_density = info.Y_density = density;
    jpeg_start_compress(&info, TRUE);
  });
}

void JpegEncoder::AddRows(std::span<const std::byte> bgra) {
  const std::size_t rows = bgra.size() / state_->row_bytes;
  state_->Guard([&] {
    for (std::size_t row = 0; row < rows;) {
      row += WriteRows(&state_->info, bgra.data() + row * state_->row_bytes,
                       std::min(kRowsAtOnce, rows - row));
    }
  });
}

std::span<const std::byte> JpegEncoder::Finish() {
  state_->Guard([this] { jpeg_finish_compress(&state_->info); });
  const std::size_t size = state_->file.size() - state_->destination.free_in_buffer;
  return std::as_bytes(std::span(state_->file).first(size));
}

}  // namespace headrace
