#include "engine/sqlite/file_threads.h"

#include <fmt/format.h>

#include <utility>

namespace headrace::sqlite {

FileThreads::FileThreads(std::size_t threads, BodyFiles& files, Health& health,
                         std::function<void(OperationPtr)> filed, std::size_t inline_max)
    : files_(files), health_(health), filed_(std::move(filed)), inline_max_(inline_max) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

FileThreads::~FileThreads() {
  {
    const MutexLock lock(mu_);
    closed_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void FileThreads::Write(OperationPtr operation) { Post({std::move(operation), {}}); }

void FileThreads::Remove(std::vector<std::string> names) {
  if (!names.empty()) Post({nullptr, std::move(names)});
}

void FileThreads::Post(Task task) {
  {
    const MutexLock lock(mu_);
    tasks_.push_back(std::move(task));
  }
  changed_.NotifyOne();
}

void FileThreads::Loop() {
  mu_.Lock();
  while (true) {
    while (tasks_.empty() && !closed_) changed_.Wait(mu_);
    if (tasks_.empty()) break;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    mu_.Unlock();
    Run(std::move(task));
    mu_.Lock();
  }
  mu_.Unlock();
}

void FileThreads::Run(Task task) {
  for (const std::string& name : task.unwanted) files_.Remove(name);
  if (!task.operation) return;
  if (auto refusal = health_.Refusal()) {
    task.operation->failure = std::move(refusal);
  } else if (auto written = WriteFiles(*task.operation); !written) {
    health_.FilesFailed(written.error().detail);
    task.operation->failure = std::move(written).error();
  } else {
    health_.FilesWork();
  }
  filed_(std::move(task.operation));
}

Status FileThreads::WriteFiles(Operation& operation) {
  if (auto* ending = std::get_if<Ending>(&operation.change)) {
    auto written = WriteParts(operation.id, *ending);
    if (written) return written;
    for (const std::string& file : std::exchange(ending->files, {})) {
      if (!file.empty()) files_.Remove(file);
    }
    return written;
  }
  auto& job = std::get<NewJob>(operation.change);
  auto name = files_.Write(operation.id + ".body", job.payload);
  if (!name) return std::move(name).error();
  job.file = *std::move(name);
  return Ok();
}

Status FileThreads::WriteParts(const std::string& id, Ending& ending) {
  const auto& parts = ending.end.outcome.parts;
  ending.files.resize(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].bytes.size() <= inline_max_) continue;
    auto name = files_.Write(fmt::format("{}.{}.{}", id, ending.attempt, i), parts[i].bytes);
    if (!name) return std::move(name).error();
    ending.files[i] = *std::move(name);
  }
  return Ok();
}

}  // namespace headrace::sqlite
