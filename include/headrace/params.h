#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace headrace {

// Validated parameters of a job: name -> canonical text. Every parameter that the handler declares
// is present unless it has neither a value nor a default.
using Params = std::map<std::string, std::string, std::less<>>;

enum class ParamType { kInteger, kNumber, kBoolean, kChoice, kText };

// Declares one parameter of a handler. Admission checks values against it (422 on a bad one), and
// the API description is generated from it.
struct ParamSpec {
  std::string name = {};
  ParamType type = ParamType::kText;
  std::string description = {};
  std::optional<std::string> default_value = {};
  std::optional<double> minimum = {};     // kInteger, kNumber: inclusive
  std::optional<double> maximum = {};     // kInteger, kNumber: inclusive
  std::vector<std::string> choices = {};  // kChoice
  // Of a kChoice named "format": the media type of each choice's result, by which a client's Accept
  // field may choose; empty: by the parameter only.
  std::vector<std::string> media_types = {};
  std::size_t max_length = 1024;  // bytes, kText
  bool secret = false;            // refused in the query string, never logged
};

}  // namespace headrace
