// A request's head, query and body: any bytes, in any portions, come to the same end.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/message/body_reader.h"
#include "http/message/negotiation.h"
#include "http/message/request_parser.h"
#include "http/message/uri.h"

namespace {

using headrace::BodyReader;
using headrace::RequestParser;

// Feeds the bytes in portions; returns the parser's end state and how many bytes it took.
std::pair<RequestParser::State, std::size_t> Feed(RequestParser& parser, std::string_view bytes,
                                                  std::size_t portion) {
  std::size_t taken = 0;
  while (taken < bytes.size() && parser.state() == RequestParser::State::kMore) {
    taken += parser.Feed(bytes.substr(taken, portion));
  }
  return {parser.state(), taken};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t portion = data[0] % 16U + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  RequestParser whole{{}};
  RequestParser parts{{}};
  const auto end = Feed(whole, bytes, bytes.size() + 1);
  if (end != Feed(parts, bytes, portion) && end.first == RequestParser::State::kDone) std::abort();
  if (whole.state() != parts.state()) std::abort();

  BodyReader body;
  body.StartChunked(1U << 20U, nullptr);
  for (std::size_t at = 0; at < bytes.size() && body.state() == BodyReader::State::kMore;) {
    at += body.Feed(bytes.substr(at, portion));
  }
  static_cast<void>(headrace::ParseQuery(bytes).ok());
  static_cast<void>(headrace::Accept(bytes).Quality("image/png"));
  return 0;
}
