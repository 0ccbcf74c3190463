#include "handler/pdf/metadata.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <utility>

#include "base/json.h"

namespace headrace {
namespace {

using Members = std::vector<std::pair<std::string, Json>>;

struct Property {
  const char* member;
  const char* tag;  // in the document
};
constexpr Property kProperties[] = {
    {"title", "Title"},          {"author", "Author"},    {"subject", "Subject"},
    {"keywords", "Keywords"},    {"creator", "Creator"},  {"producer", "Producer"},
    {"created", "CreationDate"}, {"modified", "ModDate"},
};

struct Permission {
  const char* member;
  int bit;  // counted from 1, as in ISO 32000-1, table 22
};
constexpr Permission kPermissions[] = {
    {"print", 3},      {"modify", 4},         {"copy", 5},      {"annotate", 6},
    {"fill_forms", 9}, {"accessibility", 10}, {"assemble", 11}, {"print_high_quality", 12},
};

Json Number(int value) { return Json::Number(static_cast<std::uint64_t>(value)); }

Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json::String(text); }

// In single precision 595.28 is 595.280029296875.
Json Points(double points) {
  constexpr double kDigits = 1e4;
  return Json::Number(std::round(points * kDigits) / kDigits);
}

Json SizeOf(const PageBox& box) {
  return Json::Object({{"width", Points(box.Width())}, {"height", Points(box.Height())}});
}

Json PageOf(const PdfDocument& document, int number) {
  constexpr int kDegrees = 90;
  PdfPage page = document.Page(number);
  if (!page.ok()) {
    return Json::Object({{"page", Number(number)},
                         {"rotation", Json()},
                         {"crop_box", Json()},
                         {"media_box", Json()}});
  }
  const PageBox crop = page.Box();
  page.UseMediaBox();
  return Json::Object({{"page", Number(number)},
                       {"rotation", Number(page.QuarterTurns() * kDegrees)},
                       {"crop_box", SizeOf(crop)},
                       {"media_box", SizeOf(page.Box())}});
}

Json PermissionsOf(const PdfDocument& document) {
  const std::uint32_t bits = document.Permissions();
  Members members;
  for (const auto& [member, bit] : kPermissions) {
    members.emplace_back(member, Json::Bool((bits >> (bit - 1) & 1U) != 0));
  }
  return Json::Object(members);
}

}  // namespace

std::string MetadataJson(const PdfDocument& document, const std::vector<int>& pages) {
  const int version = document.Version();
  Members members{
      {"page_count", Number(document.PageCount())},
      {"pdf_version",
       version > 0 ? Json::String(fmt::format("{}.{}", version / 10, version % 10)) : Json()},
      {"encrypted", Json::Bool(document.Encrypted())},
      {"permissions", PermissionsOf(document)}};
  for (const auto& [member, tag] : kProperties) {
    members.emplace_back(member, TextOrNull(document.Information(tag)));
  }
  std::vector<Json> sizes;
  sizes.reserve(pages.size());
  for (const int page : pages) sizes.push_back(PageOf(document, page));
  members.emplace_back("pages", Json::Array(sizes));
  return Json::Object(members).Text() + '\n';
}

}  // namespace headrace
