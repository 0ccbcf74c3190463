#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/sync.h"
#include "http/http_server.h"
#include "http/raw_client.h"
#include "http/service_fixture.h"

namespace headrace {

// A whole service behind a real listener: HttpServer, JobService, memory engine, and worker threads
// that answer each job with its payload and params, `parts` times; with say=fail, by a failure.
// While the gate is closed, jobs stay running until it opens or they are cancelled.
class ServerFixture : public ServiceFixture {
 protected:
  ServerFixture();
  ~ServerFixture() override;

  // Once per test, before anything else.
  void Serve(HttpOptions options = {});

  void CloseGate();
  void OpenGate();

  // Until the queue's figures are so; false after ten seconds.
  bool WaitForRunning(std::size_t running, QueueIndex queue = 0);
  bool WaitForWaiting(std::size_t waiting, QueueIndex queue = 0);
  bool WaitForFinished(std::uint64_t finished, QueueIndex queue = 0);

  [[nodiscard]] RawClient Connect() const { return RawClient(server_->port()); }

  std::unique_ptr<HttpServer> server_;

 private:
  void Work(QueueIndex queue);
  Outcome Run(const QueuedJob& job);
  void WaitAtGate(const QueuedJob& job);

  Mutex mu_;
  CondVar changed_;
  bool gate_open_ GUARDED_BY(mu_) = true;
  std::vector<std::thread> workers_;  // last: they use all above
};

}  // namespace headrace
