#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace headrace {

// The private folder of one job: DIR/headrace-job-XXXXXX with `tmp` in it. Nobody else
// may enter, and a lock on it tells other services' SweepScratch that it is in use. The program
// that works in it is not trusted: no path is followed that it could have bent. Single-threaded.
class Scratch {
 public:
  // In `dir`, which must be absolute.
  static Expected<Scratch> Make(const std::string& dir);
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(Scratch&&) = delete;
  // Removes it.
  ~Scratch();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string output() const { return path_ + "/output"; }
  [[nodiscard]] std::string tmp() const { return path_ + "/tmp"; }
  // The folder itself.
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Makes the folder of that name, for who wants one.
  [[nodiscard]] Status MakeOutput() const;
  // A new, empty file in it, to be read and written; `name` is a plain name that is not taken. The
  // second one has no name.
  [[nodiscard]] Expected<UniqueFd> MakeFile(const std::string& name) const;
  [[nodiscard]] Expected<UniqueFd> MakeUnnamedFile() const;

  // What it takes on the disk, each file at least 4 KiB. May be asked while the program works;
  // counts on only until more than `limit` is found. A tree so deep that it cannot be counted is
  // UINT64_MAX.
  [[nodiscard]] std::uint64_t Bytes(std::uint64_t limit) const;

  // With all that is in it, whatever its modes; nobody may be at work in it any more. Idempotent.
  // False: something is left, for the next SweepScratch.
  bool Remove();

 private:
  Scratch(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;  // open and locked as long as the folder is there
};

// Removes the folders in `dir` that services left which were killed: those of this user that nobody
// has locked; stops after 10 s. Returns how many.
std::size_t SweepScratch(const std::string& dir);

}  // namespace headrace
