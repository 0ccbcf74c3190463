// Draws every page of a PDF as a PNG in one process and throws the files away: what the work itself
// costs, without a service around it.
//
//   pdf-bare-loop DPI FILE

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>

#include "handler/pdf/pdf_handler.h"

namespace {

class Discard final : public headrace::Context {
 public:
  [[nodiscard]] bool Cancelled() const override { return false; }
  [[nodiscard]] std::chrono::steady_clock::time_point Deadline() const override {
    return std::chrono::steady_clock::time_point::max();
  }
  [[nodiscard]] bool AddPart(std::string_view /*name*/, std::string_view /*media_type*/,
                             std::span<const std::byte> bytes) override {
    total += bytes.size();
    return true;
  }
  std::size_t total = 0;
};

int Draw(const std::string& dpi, const char* path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw std::runtime_error("cannot be read");
  std::string document(static_cast<std::size_t>(in.tellg()), '\0');
  in.seekg(0);
  in.read(document.data(), static_cast<std::streamsize>(document.size()));
  headrace::PdfHandler handler{headrace::PdfLimits{}};
  handler.Warm();
  headrace::Job job;
  job.params = {{"dpi", dpi}};
  job.payload = std::as_bytes(std::span(document));
  Discard discard;
  if (const auto failure = handler.Run(job, discard)) {
    std::fprintf(stderr, "pdf-bare-loop: %s: %s\n", path, failure->hint.c_str());
    return EXIT_FAILURE;
  }
  std::printf("%zu\n", discard.total);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: pdf-bare-loop DPI FILE\n", stderr);
    return EXIT_FAILURE;
  }
  try {
    return Draw(argv[1], argv[2]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "pdf-bare-loop: %s\n", e.what());
    return EXIT_FAILURE;
  }
}
