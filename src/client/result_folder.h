#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "client/file_names.h"
#include "client/mixed_parser.h"

namespace headrace {

struct FolderOptions {
  std::string folder = ".";
  std::string below = {};  // a folder in it for this result alone; empty: none
  bool force = false;      // files of the same names are replaced
};

// Makes the folder if it is missing. Error (Refusal): it cannot be written into.
Status PrepareFolder(const std::string& folder);

// The files of one result. They are written into a hidden folder beside their place, and stand in
// it all at once when the result is whole; until then, and on a failure, nothing of it is seen.
// Not thread-safe.
class ResultFolder final : public PartTaker {
 public:
  explicit ResultFolder(FolderOptions options) : options_(std::move(options)) {}
  ~ResultFolder() override { Discard(); }

  // Refusal if a file of that name is there already, Broken if it cannot be written.
  Status BeginPart(std::string_view name) override;
  Status WritePart(std::string_view bytes) override;
  Status EndPart() override;
  // Forgets what the part has so far.
  Status RestartPart();

  // Puts the files to their places. Errors as above; then none of those that are missing is there.
  Status Commit();
  // Forgets all parts that are not in their places.
  void Discard();

  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }  // their places
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }            // of all parts so far
  [[nodiscard]] std::uint64_t part_bytes() const { return part_bytes_; }  // of the last one

 private:
  [[nodiscard]] Error Failed(const std::string& path, int error) const;
  [[nodiscard]] std::string PlaceOf(const std::string& name) const;
  Status MakeHidden();
  Status Move(const std::string& name) const;

  const FolderOptions options_;
  std::string hidden_;  // the folder that is not seen; empty: not made yet
  UniqueNames unique_;
  std::vector<std::string> names_;  // of the files in it
  std::vector<std::string> files_;
  UniqueFd file_;  // of the part
  std::uint64_t bytes_ = 0;
  std::uint64_t part_bytes_ = 0;
};

}  // namespace headrace
