#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/deadline.h"
#include "support/folder.h"

namespace headrace::testing_support {

// How a run of the client ended.
struct ClientEnd {
  int status = -1;  // of exit; -1: killed, or it did not end in time
  std::string out;
  std::string err;
};

// The program as a user of a service starts it: its standard output and error go to files, its
// input comes from one, and it stands in a folder of its own. The destructor kills it. Members are
// for the test's thread.
class ClientProcess {
 public:
  struct Options {
    std::string input = {};                     // what it may read; empty: nothing
    std::vector<std::string> environment = {};  // "NAME=value", beside the test's own
    std::size_t memory = 0;                     // bytes of data (RLIMIT_DATA); 0: no limit
    bool nohup = false;                         // SIGHUP is ignored, as nohup(1) has it
  };

  explicit ClientProcess(const std::vector<std::string>& arguments)
      : ClientProcess(arguments, Options{}) {}
  ClientProcess(const std::vector<std::string>& arguments, const Options& options);
  ~ClientProcess();
  ClientProcess(const ClientProcess&) = delete;
  ClientProcess& operator=(const ClientProcess&) = delete;

  void Signal(int signal) const;
  // True once its standard error has that text; false after 30 s.
  [[nodiscard]] bool AwaitError(const std::string& text) const;
  ClientEnd Wait(Deadline deadline = Deadline::After(std::chrono::seconds(60)));

 private:
  [[nodiscard]] std::string Text(const char* name) const;

  Folder dir_;
  pid_t pid_ = 0;
};

// Runs it to its end.
ClientEnd RunClient(const std::vector<std::string>& arguments,
                    const ClientProcess::Options& options = {});

}  // namespace headrace::testing_support
