#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/spool.h"
#include "base/sync.h"
#include "http/http_server.h"
#include "http/raw_client.h"
#include "http/service_fixture.h"

namespace headrace {

// Where the parts of results lie: as a handler in a thread leaves them, as an executor does, and as
// large results do once they hold much of the memory budget.
enum class PartsIn { kMemory, kMemfd, kSpool };

// A whole service behind a real listener: HttpServer, JobService, memory engine, and worker threads
// that answer each job with its payload and params, `parts` times; with say=fail, by a failure.
// While the gate is closed, jobs stay running until it opens or they are cancelled.
class ServerFixture : public ServiceFixture {
 protected:
  ServerFixture();
  ~ServerFixture() override;

  // Once per test, before anything else.
  void Serve(HttpOptions options = {});

  // Before Serve. By default in memory.
  void KeepParts(PartsIn where);

  void CloseGate();
  void OpenGate();

  // Until the queue's figures are so; false after ten seconds.
  bool WaitForRunning(std::size_t running, QueueIndex queue = 0);
  bool WaitForWaiting(std::size_t waiting, QueueIndex queue = 0);
  bool WaitForFinished(std::uint64_t finished, QueueIndex queue = 0);

  [[nodiscard]] RawClient Connect() const { return RawClient(server_->port()); }

  std::optional<Spool> spool_;           // outlives the server's answers
  std::unique_ptr<const KeyRing> keys_;  // that open the server; null: it is open
  std::unique_ptr<HttpServer> server_;

 private:
  void Work(QueueIndex queue);
  Outcome Run(const QueuedJob& job);
  ResultPart TextPart(int number, std::string text);
  Payload Store(std::string text);
  void WaitAtGate(const QueuedJob& job);

  PartsIn parts_in_ = PartsIn::kMemory;  // constant once a job has come

  Mutex mu_;
  CondVar changed_;
  bool gate_open_ GUARDED_BY(mu_) = true;
  std::vector<std::thread> workers_;  // last: they use all above
};

}  // namespace headrace
