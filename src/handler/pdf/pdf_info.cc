#include "handler/pdf/pdf_info.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "handler/pdf/background.h"
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

ParamSpec Choice(std::string name, std::string description, std::vector<std::string> choices) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.type = ParamType::kChoice;
  spec.description = std::move(description);
  spec.default_value = choices.front();
  spec.choices = std::move(choices);
  return spec;
}

ParamSpec Boolean(std::string name, std::string description, const char* otherwise) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.type = ParamType::kBoolean;
  spec.description = std::move(description);
  spec.default_value = otherwise;
  return spec;
}

ParamSpec Text(std::string name, std::string description) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.description = std::move(description);
  return spec;
}

// Whether the client asks for something else than what it would get anyway.
bool Asks(const Params& params, const char* name, std::string_view standard = {}) {
  const auto at = params.find(name);
  return at != params.end() && (standard.empty() || at->second != standard);
}

using Answer = std::optional<std::string>;

Answer CheckImageOnly(const Params& params, const std::string& format) {
  struct ImageParam {
    const char* name;
    std::string_view standard = {};
  };
  static constexpr ImageParam kImageParams[] = {{"dpi"},
                                                {"width"},
                                                {"height"},
                                                {"quality"},
                                                {"gray", "false"},
                                                {"box", "crop"},
                                                {"annotations", "true"},
                                                {"background", "white"},
                                                {"compression", "fast"}};
  for (const auto& [name, standard] : kImageParams) {
    if (!Asks(params, name, standard)) continue;
    return std::string(name) + " is for images; format=" + format + " makes none";
  }
  return std::nullopt;
}

Answer CheckImage(const Params& params, bool jpeg) {
  const bool sized = Asks(params, "width") || Asks(params, "height");
  if (sized && Asks(params, "dpi")) {
    return "give either dpi, or width and height in pixels, not both";
  }
  if (Asks(params, "quality") && !jpeg) return "quality is for format=jpeg; png loses nothing";
  if (Asks(params, "compression", "fast") && jpeg) {
    return "compression is for format=png; a JPEG becomes smaller by quality";
  }
  const auto background = params.find("background");
  if (background == params.end()) return std::nullopt;
  const auto colour = ParseBackground(background->second);
  if (!colour) {
    return "background must be white, transparent, or a colour of six hexadecimal digits like "
           "ff8800 (a # before them is written %23 in a query)";
  }
  if (*colour == kTransparent && jpeg) {
    return "background=transparent is for format=png; a JPEG is always opaque";
  }
  return std::nullopt;
}

Answer Check(const Params& params) {
  if (const auto pages = params.find("pages"); pages != params.end()) {
    if (auto ranges = PageRanges::Parse(pages->second); !ranges) return ranges.error().hint;
  }
  const auto given = params.find("format");
  const std::string format = given == params.end() ? "png" : given->second;
  const bool image = format == "png" || format == "jpeg";
  return image ? CheckImage(params, format == "jpeg") : CheckImageOnly(params, format);
}

HandlerInfo MakeInfo() {
  HandlerInfo info;
  info.name = "pdf-to-image";
  info.description =
      "draws the pages of a PDF as PNG or JPEG images, or extracts text and metadata";
  info.needs_payload = true;
  info.media_types = {"application/pdf", "application/x-pdf", "application/octet-stream"};
  info.check = &Check;

  ParamSpec format = Choice("format", "images, the text of each page, or the document's metadata",
                            {"png", "jpeg", "txt", "json"});
  format.media_types = {"image/png", "image/jpeg", "text/plain", "application/json"};

  ParamSpec background = Text(
      "background", "what the page is drawn on: white, transparent (png), or a colour like ff8800");
  background.default_value = "white";
  background.max_length = 11;

  ParamSpec password = Text("password", "the document's password");
  password.max_length = 127;
  password.secret = true;

  info.params = {
      Integer("dpi", "resolution in dots per inch; 150 if no size is given", 10, 600),
      Integer("width", "width of the image in pixels; alone it keeps the aspect", 1, 20'000),
      Integer("height", "height of the image in pixels; alone it keeps the aspect", 1, 20'000),
      Text("pages", "which pages, for example 1-3,7,last; all if it is not given"),
      format,
      Integer("quality", "quality of a JPEG; 85 if it is not given", 1, 100),
      Boolean("gray", "draw in shades of gray", "false"),
      Choice("box", "which box of the page is drawn", {"crop", "media"}),
      Boolean("annotations", "draw notes, stamps and form fields", "true"),
      background,
      Choice("compression", "of a PNG: little CPU time, or small files", {"fast", "small"}),
      password};
  return info;
}

}  // namespace

const HandlerInfo& PdfHandlerInfo() {
  static const HandlerInfo kInfo = MakeInfo();
  return kInfo;
}

}  // namespace headrace
