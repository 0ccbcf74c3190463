// Reads pictures with libtesseract and nothing else, in one process and on one thread, as a program
// would that needs no service: what the work itself costs.
//
//   ocr-bare-loop FILE...     prints a line of JSON: CPU seconds of the pages and of the start
//   ocr-bare-loop --text FILE prints the text

#include <leptonica/allheaders.h>
#include <sys/resource.h>
#include <tesseract/baseapi.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The length of the page's text; negative if it cannot be read.
long Read(tesseract::TessBaseAPI& api, const char* file, bool print) {
  Pix* picture = pixRead(file);
  if (picture == nullptr) return -1;
  api.SetImage(picture);
  const std::unique_ptr<char[]> text(api.GetUTF8Text());
  pixDestroy(&picture);
  if (!text) return -1;
  if (print) std::fputs(text.get(), stdout);
  return static_cast<long>(std::strlen(text.get()));
}

int Run(int count, char** files, bool print) {
  tesseract::TessBaseAPI api;
  if (api.Init(nullptr, "eng", tesseract::OEM_LSTM_ONLY) != 0) return EXIT_FAILURE;
  api.SetPageSegMode(tesseract::PSM_AUTO);
  const double started = CpuSeconds();
  long length = 0;
  for (int i = 0; i < count; ++i) {
    const long read = Read(api, files[i], print);
    if (read < 0) {
      std::fprintf(stderr, "ocr-bare-loop: %s cannot be read\n", files[i]);
      return EXIT_FAILURE;
    }
    length += read;
  }
  if (!print) {
    std::printf("{\"start_cpu_seconds\": %.4f, \"pages_cpu_seconds\": %.4f, \"bytes\": %ld}\n",
                started, CpuSeconds() - started, length);
  }
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const limit = std::getenv("OMP_THREAD_LIMIT");
  if (limit == nullptr || std::strcmp(limit, "1") != 0 || argc < 2) {
    std::fputs("usage: OMP_THREAD_LIMIT=1 ocr-bare-loop [--text] FILE...\n", stderr);
    return EXIT_FAILURE;
  }
  const bool print = std::strcmp(argv[1], "--text") == 0;
  const int first = print ? 2 : 1;
  return Run(argc - first, argv + first, print);
}
