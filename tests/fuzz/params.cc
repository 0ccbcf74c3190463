// A job's parameters against what the built-in handlers declare: no bytes may get past, what has
// been checked once stays as it is, and secrets appear in no answer.

#include "handler/params.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "handler/pdf/pdf_info.h"
#include "handler/simulate/simulate.h"

namespace {

void Require(bool promise) {
  if (!promise) std::abort();
}

std::string_view NextLine(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// A line `name=value` is a parameter; one with a ? before the name came in the query.
struct Given {
  explicit Given(std::string_view text) {
    while (!text.empty()) {
      std::string_view line = NextLine(text);
      const bool in_query = line.starts_with('?');
      if (in_query) line.remove_prefix(1);
      const auto equals = line.find('=');
      const std::string name(line.substr(0, equals));
      if (in_query) query.push_back(name);
      params[name] = equals == std::string_view::npos ? "" : line.substr(equals + 1);
    }
  }
  headrace::Params params;
  std::vector<std::string> query;
};

void CheckAccepted(const headrace::HandlerInfo& handler, const headrace::Params& params) {
  std::size_t declared = 0;
  for (const auto& spec : handler.params) {
    const auto found = params.find(spec.name);
    declared += found == params.end() ? 0U : 1U;
    Require(found != params.end() || !spec.default_value);
    if (found == params.end()) continue;
    Require(spec.type != headrace::ParamType::kText || found->second.size() <= spec.max_length);
  }
  Require(declared == params.size());
  const auto again = headrace::ValidateParams(handler, params, {});
  Require(again.ok() && *again == params);
}

void Check(const headrace::HandlerInfo& handler, const Given& given) {
  const auto each = headrace::CheckParams(handler, given.params, given.query);
  const auto all = headrace::ValidateParams(handler, given.params, given.query);
  if (all) {
    Require(each.ok());
    CheckAccepted(handler, *all);
    return;
  }
  Require(!all.error().hint.empty());
  const auto password = given.params.find("password");
  // A longer one than any sentence of ours can hold by chance.
  const bool telling = password != given.params.end() && password->second.size() > 60;
  Require(!telling || all.error().hint.find(password->second) == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Given given(std::string_view(reinterpret_cast<const char*>(data), size));
  Check(headrace::PdfHandlerInfo(), given);
  Check(headrace::SimulateInfo(), given);
  return 0;
}
