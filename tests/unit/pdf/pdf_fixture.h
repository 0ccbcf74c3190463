#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "handler/pdf/pdf_handler.h"
#include "pdf_support.h"

// A warm handler in this process, and small documents for it.
namespace headrace {

struct ResultFile {
  std::string name;
  std::string type;
  std::string bytes;
};

class Collector final : public Context {
 public:
  [[nodiscard]] bool Cancelled() const override { return cancelled; }
  [[nodiscard]] std::chrono::steady_clock::time_point Deadline() const override {
    return std::chrono::steady_clock::time_point::max();
  }
  [[nodiscard]] bool AddPart(std::string_view name, std::string_view media_type,
                             std::span<const std::byte> bytes) override {
    images.push_back({std::string(name), std::string(media_type),
                      std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
    return images.size() < most;
  }
  std::vector<ResultFile> images;
  std::size_t most = 10'000;
  bool cancelled = false;
};

// PDFium is initialised once per process.
inline PdfHandler& WarmHandler() {
  static PdfHandler* const handler = [] {
    PdfLimits limits;
    limits.max_page_pixels = 4'000'000;
    limits.max_pages = 4;
    auto* made = new PdfHandler(limits);
    made->Warm();
    return made;
  }();
  return *handler;
}

inline std::string Data(const std::string& name) {
  return ReadFile(std::filesystem::path(TEST_DATA) / name);
}

struct Done {
  std::optional<Failure> failure;
  std::vector<ResultFile> images;
};

inline Done Convert(const std::string& payload, Params params = {}) {
  Job job;
  job.params = std::move(params);
  job.payload = std::as_bytes(std::span(payload));
  Collector collector;
  auto failure = WarmHandler().Run(job, collector);
  return {std::move(failure), std::move(collector.images)};
}

inline std::string TypeOf(const Done& done) { return done.failure ? done.failure->type : "none"; }

// A document of one page. `page` are entries of its dictionary, `more` further objects from number
// 10 on and, behind them, entries of the trailer. PDFium rebuilds the missing table.
inline std::string DocumentOf(const std::string& page, const std::string& content = "",
                              const std::string& more = "", const std::string& trailer = "") {
  return "%PDF-1.6\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
         "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
         "3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/"
         "Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>>>>>" +
         page + ">>endobj\n4 0 obj<</Length " + std::to_string(content.size()) + ">>stream\n" +
         content + "\nendstream endobj\n" + more + "trailer<</Root 1 0 R" + trailer + ">>\n%%EOF\n";
}

// One empty page of the given size, in points.
inline std::string PageOf(const std::string& media_box) {
  return DocumentOf("/MediaBox[" + media_box + "]");
}

}  // namespace headrace
