#include "engine/sqlite/reader.h"

namespace headrace::sqlite {

bool ReadConnection::Open() {
  if (!db_) db_ = Database::Open(path_, Access::kReadOnly, vfs_, failure_);
  return db_ != nullptr;
}

Reader::Reader(ReadConnection connection)
    : connection_(std::move(connection)), thread_([this] { Loop(); }) {}

Reader::~Reader() {
  {
    const MutexLock lock(mu_);
    closed_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void Reader::Post(std::function<void(ReadConnection&)> task) {
  {
    const MutexLock lock(mu_);
    tasks_.push_back(std::move(task));
  }
  changed_.NotifyOne();
}

void Reader::Loop() {
  mu_.Lock();
  while (true) {
    while (tasks_.empty() && !closed_) changed_.Wait(mu_);
    if (tasks_.empty()) break;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    mu_.Unlock();
    task(connection_);
    task = nullptr;  // what it holds is freed outside the lock
    mu_.Lock();
  }
  mu_.Unlock();
}

}  // namespace headrace::sqlite
