#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "handler/command/command_options.h"
#include "handler/command/supervisor.h"
#include "headrace/result.h"

namespace headrace {

// What is known of a program that has ended, beside how.
struct EndDetails {
  std::string last_line;          // of its standard error
  std::string refusal;            // what it said for the client: the beginning of standard output
  std::uint64_t cpu_seconds = 0;  // that it used
  bool output_cut = false;        // standard output is longer than a result may be
};

// How the job of a program failed that ended so; nothing: it did what it should. Only a refusal
// (422) tells the client what the program said.
std::optional<Failure> FailureOf(const RunEnd& end, const EndDetails& details,
                                 const CommandOptions& options);

}  // namespace headrace
