#include "handler/pdf/pdf_info.h"

#include <string>

#include "handler/pdf/page_ranges.h"

namespace headrace {
namespace {

ParamSpec Integer(std::string name, std::string description, double minimum, double maximum) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.type = ParamType::kInteger;
  spec.description = std::move(description);
  spec.minimum = minimum;
  spec.maximum = maximum;
  return spec;
}

std::optional<std::string> Check(const Params& params) {
  const bool sized = params.contains("width") || params.contains("height");
  if (sized && params.contains("dpi")) {
    return "give either dpi, or width and height in pixels, not both";
  }
  if (params.contains("quality") && params.at("format") != "jpeg") {
    return "quality is for format=jpeg; png loses nothing";
  }
  if (const auto pages = params.find("pages"); pages != params.end()) {
    if (auto ranges = PageRanges::Parse(pages->second); !ranges) return ranges.error().hint;
  }
  return std::nullopt;
}

HandlerInfo MakeInfo() {
  HandlerInfo info;
  info.name = "pdf-to-image";
  info.description = "draws the pages of a PDF as PNG or JPEG images";
  info.needs_payload = true;
  info.media_types = {"application/pdf", "application/x-pdf", "application/octet-stream"};
  info.check = &Check;

  ParamSpec format;
  format.name = "format";
  format.type = ParamType::kChoice;
  format.description = "image format";
  format.default_value = "png";
  format.choices = {"png", "jpeg"};

  ParamSpec pages;
  pages.name = "pages";
  pages.description = "which pages, for example 1-3,7,last; all if it is not given";

  ParamSpec gray;
  gray.name = "gray";
  gray.type = ParamType::kBoolean;
  gray.description = "draw in shades of gray";
  gray.default_value = "false";

  ParamSpec password;
  password.name = "password";
  password.description = "the document's password";
  password.max_length = 127;
  password.secret = true;

  info.params = {
      Integer("dpi", "resolution in dots per inch; 150 if no size is given", 10, 600),
      Integer("width", "width of the image in pixels; alone it keeps the aspect", 1, 20'000),
      Integer("height", "height of the image in pixels; alone it keeps the aspect", 1, 20'000),
      pages,
      format,
      Integer("quality", "quality of a JPEG; 85 if it is not given", 1, 100),
      gray,
      password};
  return info;
}

}  // namespace

const HandlerInfo& PdfHandlerInfo() {
  static const HandlerInfo kInfo = MakeInfo();
  return kInfo;
}

}  // namespace headrace
