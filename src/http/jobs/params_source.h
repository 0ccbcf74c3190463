#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "headrace/handler.h"
#include "http/message/negotiation.h"

namespace headrace {

// A job's params as they came, before the service checks them.
struct RawParams {
  Params params;
  std::vector<std::string> query_params;  // names of those from the query, where secrets may not be
};

// Gathers the params of a job from the query, the fields of a form and `Headrace-Param-<name>`
// headers. One that is given twice is a 422. Empty form fields count as not given: browsers send
// them for every input that was left alone. Without `format`, an Accept field may choose it where
// the handler declares the formats' media types (docs/http.md, "Results").
class ParamsSource {
 public:
  explicit ParamsSource(const HandlerInfo& handler) : handler_(handler) {}

  Status AddQuery(std::string name, std::string value);
  Status AddHeader(std::string_view name, std::string_view value);  // ignores other fields
  Status AddField(std::string name, std::string value);
  void ChooseFormat(const Accept& accept);

  // 406 if the params tell that no possible answer is acceptable.
  [[nodiscard]] Status CheckAcceptable(const Accept& accept) const;

  // Both, once all params are there.
  Status Negotiate(const Accept& accept);

  [[nodiscard]] const RawParams& raw() const { return raw_; }
  [[nodiscard]] RawParams Take() { return std::move(raw_); }

 private:
  Status Add(std::string name, std::string value);
  [[nodiscard]] const ParamSpec* FormatSpec() const;

  const HandlerInfo& handler_;
  RawParams raw_;
};

}  // namespace headrace
