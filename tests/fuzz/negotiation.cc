// What clients say in fields and queries: lists, qualities, addresses, params. No bytes may break
// it.
#include "http/message/negotiation.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "handler/params.h"
#include "http/jobs/job_endpoint.h"
#include "http/message/client_address.h"
#include "http/message/gzip.h"
#include "http/message/uri.h"

namespace {

void Require(bool promise) {
  if (!promise) std::abort();
}

headrace::HandlerInfo Painter() {
  headrace::HandlerInfo info;
  for (const auto type : {headrace::ParamType::kInteger, headrace::ParamType::kNumber,
                          headrace::ParamType::kBoolean, headrace::ParamType::kText}) {
    headrace::ParamSpec spec;
    spec.name = std::string(1, static_cast<char>('a' + static_cast<int>(type)));
    spec.type = type;
    spec.minimum = -10;
    spec.maximum = 1000;
    info.params.push_back(spec);
  }
  return info;
}

void TryParams(std::string_view text) {
  static const headrace::HandlerInfo kPainter = Painter();
  const auto query = headrace::ParseQuery(text);
  if (!query) return;
  headrace::Params raw;
  for (const auto& param : *query) raw.emplace(param.name, param.value);
  const auto params = headrace::ValidateParams(kPainter, raw, {});
  Require(params.ok() == headrace::CheckParams(kPainter, raw, {}).ok());
  // What has been made canonical stays so.
  if (params) Require(*headrace::ValidateParams(kPainter, *params, {}) == *params);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const headrace::Accept accept(text);
  const int quality = accept.Quality("application/zip");
  Require(quality >= 0 && quality <= 1000);
  Require(!accept.Prefers("application/zip") || quality > 0);
  static_cast<void>(headrace::AcceptsGzip(text));
  static_cast<void>(headrace::ParseRequestTimeout(text).ok());
  static_cast<void>(headrace::TrustedProxies::Parse(text).ok());
  using Header = headrace::ClientAddressHeader;
  for (const Header header : {Header::kForwarded, Header::kXForwardedFor}) {
    const auto all = *headrace::TrustedProxies::Parse("0.0.0.0/0, ::/0", header);
    headrace::RequestHead head;
    head.fields.push_back({"Forwarded", text});
    head.fields.push_back({"X-Forwarded-For", text});
    static_cast<void>(all.ClientOf(*headrace::IpAddress::Parse("::1"), head).Text());
  }
  TryParams(text);
  return 0;
}
