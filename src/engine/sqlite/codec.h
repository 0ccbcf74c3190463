#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/kept_job.h"

namespace headrace::sqlite {

// What no query looks into is packed into one BLOB of a row: texts with their lengths, as they are
// (JSON would not take any bytes). The schema's version is theirs too.
class Packer {
 public:
  void Add(std::string_view text);
  void Add(std::uint64_t number);
  void Add(double number);
  [[nodiscard]] std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what a Packer wrote, in the same order. Past the end, or of a text longer than what is
// left, it gives nothings and is not ok.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  std::string Text();
  std::uint64_t Number();
  double Fraction();
  [[nodiscard]] bool HasMore() const { return !rest_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Media type, trace context, webhook and params of a job.
std::string PackSpec(const KeptJob& job);
bool UnpackSpec(std::string_view bytes, KeptJob& job);
// The same without the params; nothing if it has none, or cannot be read.
std::optional<std::string> WithoutParams(std::string_view spec);

std::string PackError(const Error& error);
bool UnpackError(std::string_view bytes, Error& error);

// Error, timings and flags of an end; its parts have rows of their own.
std::string PackEnding(const JobEnd& end);
bool UnpackEnding(std::string_view bytes, JobEnd& end);

}  // namespace headrace::sqlite
