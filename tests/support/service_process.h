#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/fd.h"
#include "base/sync.h"
#include "support/http_client.h"

namespace headrace::testing_support {

// How a program ended.
struct Ended {
  int status = -1;  // of exit; -1: killed, or it did not end in time
  int signal = 0;
  std::string output;  // its stderr
};

// Runs the program with these arguments to its end; `launcher`: a program and its arguments that
// starts it, like {without-layer, landlock}.
Ended RunProgram(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& launcher = {});

// All samples of one scrape by name and labels as they are written.
using Samples = std::map<std::string, double>;

// The real program as a child, on free ports. The destructor kills it. Members are for the test's
// thread.
class ServiceProcess {
 public:
  // `queues` is the text below `queues:`, `more` other sections. Waits until it listens; if it does
  // not, pid() is 0 and Log() says why.
  explicit ServiceProcess(const std::string& queues, const std::string& more = {},
                          const std::vector<std::string>& launcher = {});
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t management_port() const { return management_port_; }

  void Signal(int signal) const;
  // Its configuration, and a new text of it, as the constructor makes it; Reload has it read.
  [[nodiscard]] std::string file() const { return dir_ + "/headrace.yaml"; }
  void Configure(const std::string& queues, const std::string& more = {}) const;
  // SIGHUP. "applied" or "refused", once the metrics tell so; empty after 30 s.
  [[nodiscard]] std::string Reload() const;
  // Its end, with its log read whole; status -1 if it has not ended by the deadline.
  Ended Wait(Deadline deadline = Deadline::After(std::chrono::seconds(60)));

  [[nodiscard]] HttpAnswer Post(const std::string& target, std::string_view body = {},
                                std::string_view fields = {}) const;
  [[nodiscard]] HttpAnswer Get(const std::string& target) const;
  [[nodiscard]] std::string MetricsText() const;
  [[nodiscard]] Samples Scrape() const;
  // Scrapes until the sample has that value; false after 30 s.
  [[nodiscard]] bool Await(const std::string& sample, double value) const;

  // What its log says so far: of a living service, a line may come after what it tells of.
  [[nodiscard]] std::string Log();
  // True once the log has that text; false after 30 s, or if the log ended without it.
  [[nodiscard]] bool AwaitLog(std::string_view text);
  // The next text after `start` in the log, up to a space; waits up to 30 s for it. Each call finds
  // a later one.
  std::string NextInLog(const std::string& start);

 private:
  void ReadLog();

  std::string dir_;
  pid_t pid_ = 0;
  UniqueFd stderr_;
  std::uint16_t port_ = 0;
  std::uint16_t management_port_ = 0;
  std::size_t log_position_ = 0;

  Mutex mu_;
  CondVar grown_;
  std::string log_ GUARDED_BY(mu_);
  bool log_ended_ GUARDED_BY(mu_) = false;
  std::thread reader_;
};

// True once no process of that id is left (a zombie counts as gone); false after 30 s.
bool AwaitGone(pid_t pid);

}  // namespace headrace::testing_support
