#include "handler/pdf/order.h"

#include <charconv>
#include <string_view>

#include "handler/pdf/background.h"

namespace headrace {
namespace {

std::optional<std::string> Text(const Params& params, std::string_view name) {
  const auto at = params.find(name);
  return at == params.end() ? std::nullopt : std::optional(at->second);
}

std::optional<int> Number(const Params& params, std::string_view name) {
  const auto text = Text(params, name);
  if (!text) return std::nullopt;
  int number = 0;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

PdfOutput OutputOf(const std::optional<std::string>& format) {
  if (format == "jpeg") return PdfOutput::kJpeg;
  if (format == "txt") return PdfOutput::kText;
  if (format == "json") return PdfOutput::kMetadata;
  return PdfOutput::kPng;
}

}  // namespace

Order::Order(const Params& params)
    : output(OutputOf(Text(params, "format"))),
      dpi(Number(params, "dpi")),
      width(Number(params, "width")),
      height(Number(params, "height")),
      gray(Text(params, "gray") == "true"),
      media_box(Text(params, "box") == "media"),
      annotations(Text(params, "annotations") != "false"),
      password(Text(params, "password")) {
  if (const auto given = Number(params, "quality")) quality = *given;
  if (const auto given = Text(params, "background")) {
    background = ParseBackground(*given).value_or(background);
  }
  if (Text(params, "compression") == "small") compression = Compression::kSmall;
  if (const auto given = Text(params, "pages")) pages = *given;
}

}  // namespace headrace
