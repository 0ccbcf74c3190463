#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "engine/sqlite/body_files.h"
#include "engine/sqlite/clock.h"
#include "engine/sqlite/database.h"
#include "engine/sqlite/file_threads.h"
#include "engine/sqlite/health.h"
#include "engine/sqlite/lineup.h"
#include "engine/sqlite/reserve.h"
#include "engine/sqlite/tables.h"

namespace headrace::sqlite {

// The one thread with the one connection that writes: takes what is lined up, commits it as a
// group, tells those who wait, deletes what is over. When the database fails it closes it, refuses,
// and tries to open it again until it works.
class Writer {
 public:
  struct Options {
    std::string path;  // of the database
    std::string vfs;
    Clock clock;
    std::chrono::milliseconds retry{1000};        // between attempts to open it again
    std::chrono::milliseconds sweep_every{1000};  // deletes records at most so late
  };
  struct Neighbours {
    Lineup& lineup;
    FileThreads& file_threads;
    BodyFiles& files;
    Health& health;
    Reserve& reserve;
  };
  // Records that one turn deletes, at most.
  static constexpr std::size_t kSweepLimit = 500;
  // And one transaction, where the reserve is all the room that there is.
  static constexpr std::size_t kFullSweepLimit = 16;

  // Takes over an open database. The neighbours outlive this.
  Writer(Options options, Neighbours neighbours, std::unique_ptr<Database> db);
  // Ends once the lineup is closed and empty.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  struct Connection {
    explicit Connection(std::unique_ptr<Database> the_db) : db(std::move(the_db)), tables(*db) {}
    std::unique_ptr<Database> db;
    Tables tables;
  };
  using Operations = std::span<const OperationPtr>;

  void Loop();
  void Turn(const std::vector<OperationPtr>& operations);
  void Write(Operations operations, bool sweep);
  bool Commit(Operations operations, bool sweep);
  void FailOne(Operation& operation);
  void Refuse(Operations operations);
  void Break(Operations operations, std::vector<std::string> unwanted);
  void Maintain(bool idle, bool due);
  void Vacuum();
  void Reopen();
  Expected<std::unique_ptr<Database>> OpenAgain();
  bool Settle(Connection& connection, std::vector<std::string>& unwanted);
  void MakeRoom(Connection& connection);
  std::size_t SweepNow(Connection& connection);
  void StayBroken(const std::string& why);

  const Options options_;
  Neighbours to_;
  std::unique_ptr<Connection> connection_;  // none while the database does not work
  SteadyTime next_turn_ = SteadyTime::min();
  bool corrupt_ = false;    // it was broken because of that
  bool made_room_ = false;  // with the reserve, which must be there again before it works
  // What failed transactions were to do: whether the disk has it is seen when it is open again.
  std::vector<std::int64_t> doubtful_jobs_;
  std::vector<std::string> doubtful_files_;
  std::thread thread_;  // last: joined while all above still lives
};

}  // namespace headrace::sqlite
