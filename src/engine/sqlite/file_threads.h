#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/sync.h"
#include "engine/sqlite/body_files.h"
#include "engine/sqlite/health.h"
#include "engine/sqlite/operation.h"

namespace headrace::sqlite {

// Writes and removes the files of bodies, so that neither callers nor the writer wait for them.
// Thread-safe. The destructor does what is there first.
class FileThreads {
 public:
  // `filed` gets each operation back: with the names of its files, or with a failure and none of
  // them left.
  FileThreads(std::size_t threads, BodyFiles& files, Health& health,
              std::function<void(OperationPtr)> filed, std::size_t inline_max);
  ~FileThreads();
  FileThreads(const FileThreads&) = delete;
  FileThreads& operator=(const FileThreads&) = delete;

  void Write(OperationPtr operation);
  void Remove(std::vector<std::string> names);

 private:
  struct Task {
    OperationPtr operation;             // or
    std::vector<std::string> unwanted;  // names
  };

  void Post(Task task);
  void Loop();
  void Run(Task task);
  Status WriteFiles(Operation& operation);
  Status WriteParts(const std::string& id, Ending& ending);

  BodyFiles& files_;
  Health& health_;
  const std::function<void(OperationPtr)> filed_;
  const std::size_t inline_max_;
  Mutex mu_;
  CondVar changed_;
  std::deque<Task> tasks_ GUARDED_BY(mu_);
  bool closed_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace headrace::sqlite
