// store_child FOLDER: keeps jobs in a store from 16 threads until it is killed, and writes a line
// to its standard output for each change that was acknowledged: "I ID", "E ID". A payload or part
// is the job's id, repeated.

#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "engine/sqlite/sqlite_store.h"
#include "store_support.h"

namespace headrace {
namespace {

void Tell(char what, const std::string& id) {
  const std::string line = std::string{what, ' '} + id + '\n';
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    _exit(1);
  }
}

std::string Repeated(const std::string& id, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += id;
  return text;
}

void KeepJobs(JobStore& store, int thread) {
  Awaiting calls(store);
  for (int i = 0;; ++i) {
    const KeptJob job = MakeKept();
    const std::string bytes = Repeated(job.id, (i + thread) % 4 == 0 ? 3000 : 30);  // 96 KB, 1 KB
    if (!calls.Insert(job, bytes)) _exit(1);
    Tell('I', job.id);
    if (i % 3 == 0) continue;
    store.Begin(job.id, 1, UtcNow());
    JobEnd end = Succeeded({MakePart("a", bytes)});
    end.keep = std::chrono::hours(1);
    if (!calls.End(job.id, end)) _exit(1);
    Tell('E', job.id);
  }
}

}  // namespace
}  // namespace headrace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  headrace::SqliteOptions options;
  options.path = argv[1];
  headrace::SqliteStore store(options);
  if (!store.Recover({"work"})) return 1;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&store, i] { headrace::KeepJobs(store, i); });
  }
  for (auto& thread : threads) thread.join();
}
