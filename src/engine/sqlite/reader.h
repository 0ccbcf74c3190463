#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/sync.h"
#include "engine/sqlite/records.h"
#include "engine/sqlite/schema.h"

namespace headrace::sqlite {

// A read-only connection that is opened at its first use, and again after a failure. For one thread
// at a time.
class ReadConnection {
 public:
  ReadConnection(std::string path, std::string vfs, const Clock& clock, const BodySources& bodies)
      : path_(std::move(path)), vfs_(std::move(vfs)), clock_(clock), bodies_(bodies) {}

  // What `read(records, now)` says, an Expected.
  template <class Read>
  auto Use(Read read) -> decltype(read(std::declval<Records&>(), Moment{})) {
    if (!Open()) return EngineDown(Explain(failure_, path_));
    Records records(*db_, bodies_);
    auto result = read(records, Moment::Now(clock_));
    if (db_->failed()) db_.reset();
    return result;
  }

 private:
  bool Open();

  const std::string path_;
  const std::string vfs_;
  const Clock& clock_;
  const BodySources bodies_;
  std::unique_ptr<Database> db_;
  Failure failure_;
};

// Reads on a thread of its own. Thread-safe. The destructor does what is there first.
class Reader {
 public:
  explicit Reader(ReadConnection connection);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void Post(std::function<void(ReadConnection&)> task);

 private:
  void Loop();

  ReadConnection connection_;  // of the thread
  Mutex mu_;
  CondVar changed_;
  std::deque<std::function<void(ReadConnection&)>> tasks_ GUARDED_BY(mu_);
  bool closed_ GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: joined while all above still lives
};

}  // namespace headrace::sqlite
