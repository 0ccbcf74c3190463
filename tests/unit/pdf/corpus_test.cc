// Every document of the corpus, each in a process of its own with the limits of an executor. The
// corpus lies in HEADRACE_CORPUS, else in shared/corpus beside the source tree; without it these
// tests skip.

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <span>
#include <sstream>

#include "band_support.h"
#include "handler/pdf/pdf_handler.h"
#include "pdf_support.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kDeadline = 20;     // seconds
constexpr double kMostDifference = 6;  // of 255, mean over all pixels of a document
constexpr int kComparedPages = 10;
constexpr int kDpi = 72;

// Documents whose pictures differ more from poppler's, and why: pages full of small text. The two
// put baselines on different rows of pixels at this resolution and smooth edges differently; words
// and places are the same.
const std::map<std::string, double> kExceptions = {
    {"text-libreoffice", 12},
    {"text-std14-5p", 12},
    {"encrypted-aes128-owner-only", 12},
    {"encrypted-aes256-userpw-secret", 12},
    {"encrypted-rc4-40-userpw-secret", 12},
};

fs::path Corpus() {
  if (const char* folder = std::getenv("HEADRACE_CORPUS")) return folder;
  return fs::path(TEST_DATA) / "../../../shared/corpus";
}

std::vector<fs::path> Documents(const char* folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(Corpus() / folder, error)) {
    if (entry.path().extension() == ".pdf") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Writes each part to a folder as it comes.
class FolderContext final : public Context {
 public:
  explicit FolderContext(fs::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] bool Cancelled() const override { return false; }
  [[nodiscard]] std::chrono::steady_clock::time_point Deadline() const override {
    return std::chrono::steady_clock::time_point::max();
  }
  [[nodiscard]] bool AddPart(std::string_view name, std::string_view /*media_type*/,
                             std::span<const std::byte> bytes) override {
    std::ofstream out(folder_ / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    return static_cast<bool>(out);
  }

 private:
  const fs::path folder_;
};

[[noreturn]] void ConvertAndExit(PdfHandler& handler, const std::string& payload,
                                 const Params& params, const fs::path& folder) {
  alarm(kDeadline);
#ifndef HEADRACE_SANITIZED
  constexpr rlim_t kMemory = rlim_t{1} << 30;  // bytes of address space
  const rlimit memory{kMemory, kMemory};
  setrlimit(RLIMIT_AS, &memory);
#endif
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  Job job;
  job.params = params;
  job.payload = std::as_bytes(std::span(payload));
  FolderContext context(folder);
  const auto failure = handler.Run(job, context);
  if (failure) std::ofstream(folder / "failure") << failure->type;
  _exit(failure ? 1 : 0);
}

struct Converted {
  int status = 0;       // as of waitpid
  std::string failure;  // its type
  std::vector<std::string> images;
};

// PDFium is initialised once per process.
PdfHandler& WarmHandler() {
  static PdfHandler* const handler = [] {
    auto* made = new PdfHandler(PdfLimits{});
    made->Warm();
    return made;
  }();
  return *handler;
}

class PdfCorpus : public testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "headrace-corpus-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  Converted Convert(Params params) {
    PdfHandler& handler = WarmHandler();
    const std::string payload = ReadFile(GetParam());
    const pid_t child = fork();
    if (child == 0) ConvertAndExit(handler, payload, params, folder_);
    Converted done;
    EXPECT_EQ(waitpid(child, &done.status, 0), child);
    done.failure = ReadFile(folder_ / "failure");
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() == ".png") done.images.push_back(entry.path());
    }
    std::sort(done.images.begin(), done.images.end());
    return done;
  }

  // What a command prints; the document and its password are appended.
  std::string Poppler(const std::string& command) const {
    const std::string password = Locked() ? " -upw secret '" : " '";
    const std::string line = command + password + GetParam().string() + "' 2>/dev/null";
    FILE* const pipe = popen(line.c_str(), "r");
    std::string out;
    std::vector<char> block(1 << 16);
    for (std::size_t got = 0; (got = fread(block.data(), 1, block.size(), pipe)) > 0;) {
      out.append(block.data(), got);
    }
    pclose(pipe);
    return out;
  }

  [[nodiscard]] bool Locked() const {
    return GetParam().filename().string().find("-secret") != std::string::npos;
  }
  Params BaseParams() const {
    Params params{{"format", "png"}, {"gray", "false"}, {"dpi", std::to_string(kDpi)}};
    if (Locked()) params.emplace("password", "secret");
    return params;
  }

  fs::path folder_;
};

struct Ppm {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::string pixels;
};

std::vector<Ppm> SplitPpm(const std::string& all) {
  std::vector<Ppm> pages;
  for (std::size_t at = 0; at < all.size();) {
    std::istringstream head(all.substr(at, 64));
    std::string magic;
    int most = 0;
    Ppm page;
    head >> magic >> page.width >> page.height >> most;
    if (magic != "P6" || most != 255) break;
    at += static_cast<std::size_t>(head.tellg()) + 1;
    page.pixels = all.substr(at, std::size_t{3} * page.width * page.height);
    at += page.pixels.size();
    pages.push_back(std::move(page));
  }
  return pages;
}

double SumOfDifferences(const PngImage& ours, const Ppm& theirs) {
  double sum = 0;
  for (std::size_t i = 0; i < theirs.pixels.size(); ++i) {
    const std::uint8_t mine = ours.pixels[ours.channels == 3 ? i : i / 3];
    sum += std::abs(static_cast<int>(mine) -
                    static_cast<int>(static_cast<std::uint8_t>(theirs.pixels[i])));
  }
  return sum;
}

class NormalDocument : public PdfCorpus {};

TEST_P(NormalDocument, BecomesImagesLikePopplersInNumberSizeAndLook) {
  const Converted done = Convert(BaseParams());
  ASSERT_EQ(done.status, 0) << done.failure;
  EXPECT_THAT(Poppler("pdfinfo"),
              testing::ContainsRegex("Pages: +" + std::to_string(done.images.size()) + "\n"));
  const std::vector<Ppm> theirs = SplitPpm(Poppler("pdftoppm -cropbox -r " + std::to_string(kDpi) +
                                                   " -l " + std::to_string(kComparedPages)));
  ASSERT_EQ(theirs.size(), std::min<std::size_t>(done.images.size(), kComparedPages));
  double sum = 0;
  double samples = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const PngImage ours = DecodePng(ReadFile(done.images[i]));
    ASSERT_EQ(ours.width, theirs[i].width) << "page " << i + 1;
    ASSERT_EQ(ours.height, theirs[i].height) << "page " << i + 1;
    sum += SumOfDifferences(ours, theirs[i]);
    samples += static_cast<double>(theirs[i].pixels.size());
  }
  const auto exception = kExceptions.find(GetParam().stem().string());
  const double bound = exception == kExceptions.end() ? kMostDifference : exception->second;
  RecordProperty("mean_absolute_difference", std::to_string(sum / samples));
  EXPECT_LT(sum / samples, bound);
}

// Draws the first pages at once and in bands, between guard pages.
[[noreturn]] void CompareBandsAndExit(const std::string& payload,
                                      const std::optional<std::string>& password) {
  constexpr int kPages = 3;
  constexpr double kBandDpi = 100;
  constexpr int kBandRows = 97;
  // PDFium draws what soft masks and blend groups mix beside the page, and rounds it there.
  constexpr double kMostMean = 0.001;
  alarm(kDeadline * 3);
  const auto opened = PdfDocument::Open(std::as_bytes(std::span(payload)), password);
  const auto& document = std::get<PdfDocument>(opened);
  for (int number = 1; number <= std::min(kPages, document.PageCount()); ++number) {
    const PdfPage page = document.Page(number);
    const Drawing drawing{static_cast<int>(page.Width() * kBandDpi / 72),
                          static_cast<int>(page.Height() * kBandDpi / 72)};
    const auto banded = DrawInBands(page, drawing, kBandRows);
    std::vector<std::byte> direct(banded.size());
    if (!page.Draw(drawing, direct.data())) _exit(number);
    double sum = 0;
    for (std::size_t i = 0; i < direct.size(); ++i) {
      sum += std::abs(static_cast<int>(direct[i]) - static_cast<int>(banded[i]));
    }
    if (sum / static_cast<double>(direct.size()) > kMostMean) _exit(number);
  }
  _exit(0);
}

TEST_P(NormalDocument, IsDrawnInBandsAsItIsDrawnAtOnce) {
  WarmHandler();
  const std::string payload = ReadFile(GetParam());
  const auto password = Locked() ? std::optional<std::string>("secret") : std::nullopt;
  const pid_t child = fork();
  if (child == 0) CompareBandsAndExit(payload, password);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "page " << WEXITSTATUS(status) << " or signal " << WTERMSIG(status);
}

class HostileDocument : public PdfCorpus {};

TEST_P(HostileDocument, EndsAsAFailureOrAsImagesWithinItsLimits) {
  const Converted done = Convert(BaseParams());
  if (WIFSIGNALED(done.status)) {
    // Out of memory, stack or time: the service answers 502 or 504.
    EXPECT_THAT(WTERMSIG(done.status),
                testing::AnyOf(SIGALRM, SIGSEGV, SIGABRT, SIGTRAP, SIGILL, SIGBUS));
    return;
  }
  if (WEXITSTATUS(done.status) != 0) {
    EXPECT_THAT(done.failure, testing::StartsWith("pdf-"));
    return;
  }
  EXPECT_FALSE(done.images.empty());
  for (const std::string& image : done.images)
    EXPECT_GT(DecodePng(ReadFile(image)).width, 0U) << image;
}

std::string NameOf(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NormalDocument);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(HostileDocument);
INSTANTIATE_TEST_SUITE_P(Corpus, NormalDocument, testing::ValuesIn(Documents("normal")), NameOf);
INSTANTIATE_TEST_SUITE_P(Corpus, HostileDocument, testing::ValuesIn(Documents("hostile")), NameOf);

}  // namespace
}  // namespace headrace
