#pragma once

#include <cstddef>
#include <string>

namespace headrace::sqlite {

// Room on the disk that nobody else can take: a file of zeros. Where the disk is full it is given
// up for as long as it takes to delete what is over, since to delete a record takes room first. For
// one thread at a time.
class Reserve {
 public:
  static constexpr std::size_t kBytes = std::size_t{4} << 20U;

  // The file, which an earlier process may have left.
  explicit Reserve(std::string path);

  // True once it is there; false: the disk has no room for it.
  bool Take();
  // Gives it up; false if there was none.
  bool Release();

 private:
  const std::string path_;
  bool held_ = false;
};

}  // namespace headrace::sqlite
