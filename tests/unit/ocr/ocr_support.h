#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <leptonica/allheaders.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "handler/ocr/ocr_handler.h"
#include "handler/ocr/page_source.h"

// What the tests of this folder share: documents with text, pictures of them, and a handler that is
// warm.
namespace headrace {

inline constexpr const char* kTessdata = "/usr/share/tesseract-ocr/5/tessdata/";

inline bool HasLanguage(const std::string& name) {
  return std::filesystem::exists(kTessdata + name + ".traineddata");
}

using Lines = std::vector<std::string>;

inline std::string PdfPageContent(const Lines& lines, double height) {
  std::string content = "BT /F 14 Tf 20 " + std::to_string(height - 30) + " Td 20 TL\n";
  for (const std::string& line : lines) {
    content += (line.starts_with('<') ? line : "(" + line + ")") + " Tj T*\n";
  }
  return content + "ET";
}

constexpr const char* kLatinFont =
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
constexpr const char* kChineseFont =
    "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type"
    "/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000/CIDSystemInfo<</Registry(Adobe)"
    "/Ordering(GB1)/Supplement "
    "4>>/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags "
    "6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV "
    "93>>>>]>>";

// A document with a page of 300 points' width for each list of lines, which are in Latin-1, or in
// hexadecimal UTF-16. PDFium rebuilds the missing table.
inline std::string TextPdf(const std::vector<Lines>& pages, const char* font = kLatinFont,
                           const std::string& more = "") {
  std::string kids;
  std::string objects = fmt::format("3 0 obj{}endobj\n", font);
  int number = 4;
  for (const Lines& lines : pages) {
    const double height = 40 + 20.0 * static_cast<double>(lines.size());
    const std::string content = PdfPageContent(lines, height);
    kids += fmt::format("{} 0 R ", number);
    objects += fmt::format(
        "{} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 {}]/Contents {} 0 "
        "R/Resources<</Font<</F "
        "3 0 R>>>>{}>>endobj\n{} 0 obj<</Length {}>>stream\n{}\nendstream endobj\n",
        number, height, number + 1, more, number + 1, content.size(), content);
    number += 2;
  }
  return fmt::format(
      "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
      "2 0 obj<</Type/Pages/Kids[{}]/Count {}>>endobj\n{}trailer<</Root 1 0 R>>\n%%EOF\n",
      kids, pages.size(), objects);
}

inline const std::vector<std::string>& TestLanguages() {
  static const std::vector<std::string> kLanguages = [] {
    std::vector<std::string> languages{"eng", "deu", "osd"};
    if (HasLanguage("chi_sim")) languages.emplace_back("chi_sim");
    return languages;
  }();
  return kLanguages;
}

// PDFium is initialised once per process.
inline OcrHandler& WarmHandler() {
  static OcrHandler* const handler = [] {
    OcrOptions options;
    options.languages = TestLanguages();
    options.max_pixels = 4'000'000;
    options.max_pages = 4;
    auto* made = new OcrHandler(options);
    made->Warm();
    return made;
  }();
  return *handler;
}

// The pages of a document, drawn as the handler draws them.
inline std::vector<Picture> Pictures(const std::string& pdf, int dpi = 300) {
  WarmHandler();
  PageSettings settings;
  settings.dpi = dpi;
  settings.limits.max_pixels = 100'000'000;
  auto opened = OpenPages(std::as_bytes(std::span(pdf)), settings);
  auto& pages = *std::get<std::unique_ptr<PageSource>>(opened);
  std::vector<Picture> pictures;
  for (int number = 1; number <= pages.Count(); ++number) {
    auto page = pages.Page(number);
    pictures.push_back(std::get<Picture>(std::move(page)));
  }
  return pictures;
}

inline std::string TakeFile(std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  lept_free(data);
  return file;
}

// As a file of that format: IFF_PNG, IFF_JFIF_JPEG, IFF_TIFF_G4 ...
inline std::string Encoded(Pix* pix, int format) {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(pixWriteMem(&data, &size, pix, format), 0);
  return TakeFile(data, size);
}

inline std::string Encoded(const Picture& picture, int format) {
  return Encoded(picture.get(), format);
}

// The pages of a document as a TIFF.
inline std::string TiffOf(const std::string& pdf) {
  const std::vector<Picture> pictures = Pictures(pdf);
  Pixa* pages = pixaCreate(static_cast<l_int32>(pictures.size()));
  for (const Picture& picture : pictures) pixaAddPix(pages, picture.get(), L_COPY);
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(pixaWriteMemMultipageTiff(&data, &size, pages), 0);
  pixaDestroy(&pages);
  return TakeFile(data, size);
}

inline std::string PngOf(const Lines& lines) {
  return Encoded(Pictures(TextPdf({lines})).front(), IFF_PNG);
}

struct OcrPart {
  std::string name;
  std::string type;
  std::string text;
};

struct OcrDone {
  std::optional<Failure> failure;
  std::vector<OcrPart> parts;
  std::vector<std::pair<unsigned, unsigned>> progress;

  [[nodiscard]] std::string Type() const { return failure ? failure->type : "none"; }
  [[nodiscard]] std::string Hint() const { return failure ? failure->hint : ""; }
  [[nodiscard]] std::string Text() const { return parts.empty() ? "" : parts.front().text; }
};

class OcrCollector final : public Context {
 public:
  explicit OcrCollector(OcrDone& done, std::size_t most) : done_(done), most_(most) {}
  [[nodiscard]] bool Cancelled() const override { return false; }
  [[nodiscard]] std::chrono::steady_clock::time_point Deadline() const override {
    return std::chrono::steady_clock::time_point::max();
  }
  [[nodiscard]] bool AddPart(std::string_view name, std::string_view media_type,
                             std::span<const std::byte> bytes) override {
    done_.parts.push_back({std::string(name), std::string(media_type),
                           std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
    return done_.parts.size() < most_;
  }
  void Progress(std::uint32_t done, std::uint32_t total) override {
    done_.progress.emplace_back(done, total);
  }
  // As if another process did every second task.
  void GiveEvenTasksOnly() { step_ = 2; }
  [[nodiscard]] std::optional<std::uint32_t> NextTask(std::uint32_t count) override {
    const std::uint32_t task = next_;
    next_ += step_;
    return task < count ? std::optional(task) : std::nullopt;
  }

 private:
  OcrDone& done_;
  const std::size_t most_;
  std::uint32_t step_ = 1;
  std::uint32_t next_ = 0;
};

inline Job ToJob(const std::string& payload, Params params) {
  params.try_emplace("lang", "eng");
  params.try_emplace("output", "txt");
  params.try_emplace("psm", "3");
  Job job;
  job.params = std::move(params);
  job.payload = std::as_bytes(std::span(payload));
  return job;
}

// Reads a payload as a job; `most` parts are taken.
inline OcrDone ReadText(const std::string& payload, Params params = {}, std::size_t most = 1000) {
  const Job job = ToJob(payload, std::move(params));
  OcrDone done;
  OcrCollector collector(done, most);
  done.failure = WarmHandler().Run(job, collector);
  return done;
}

}  // namespace headrace
