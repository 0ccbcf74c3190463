#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/sync.h"
#include "client/command_context.h"
#include "client/exit_codes.h"
#include "support/folder.h"
#include "support/scripted_server.h"

namespace headrace {

// A context whose standard output is kept in memory, and whose standard error in a file.
class ClientTest : public testing::Test {
 protected:
  using Server = testing_support::ScriptedServer;
  using Connection = testing_support::ServerConnection;
  using Request = testing_support::ServedRequest;

  ClientTest()
      : stream_(::open_memstream(&text_, &size_)),
        errors_(::open((dir_.path() / "errors").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
        board_({errors_.get(), false, false}),
        output_(board_, stream_) {
    std::filesystem::create_directory(Out());
  }
  ~ClientTest() override {
    std::fclose(stream_);
    std::free(text_);
  }

  CommandContext Context(const Server& server) {
    return {{server.Url("")}, cancel_, deadline_, json_, retry_, board_, output_};
  }
  [[nodiscard]] std::filesystem::path Out() const { return dir_.path() / "out"; }
  [[nodiscard]] std::string Printed() const { return {text_, size_}; }
  [[nodiscard]] std::string Errors() const { return Text(dir_.path() / "errors"); }
  static std::string Text(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  // The names in the folder of results.
  [[nodiscard]] std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(Out())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string InputFile(const std::string& text) {
    const std::string file = dir_.path() / "input.pdf";
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

  static std::string Status(const std::string& state, const std::string& more = "") {
    return fmt::format(R"({{"job_id":"01abc","queue":"q","state":"{}"{}}})", state, more);
  }
  static std::string Problem(int status, const std::string& type, const std::string& fields = "") {
    return testing_support::AnswerText(
        status,
        fmt::format(R"({{"type":"/problems/{}","status":{},"detail":"the {} problem"}})", type,
                    status, type),
        "Content-Type: application/problem+json\r\n" + fields);
  }
  static std::string Event(const std::string& id, const std::string& status) {
    return fmt::format("id: {}\nevent: state\ndata: {}\n\n", id, status);
  }
  static std::string EventsHead() {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
  }

  Folder dir_;
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* const stream_;
  UniqueFd errors_;
  ProgressBoard board_;
  ResultOutput output_;
  CancelToken cancel_;
  Deadline deadline_ = Deadline::After(std::chrono::seconds(60));
  bool json_ = false;
  RetryOptions retry_{3, std::chrono::milliseconds(10)};
};

// What a server was asked, in order: "GET /path". Thread-safe.
class AskedList {
 public:
  void Add(const testing_support::ServedRequest& request) {
    const MutexLock lock(mu_);
    requests_.push_back(request);
  }
  [[nodiscard]] std::vector<std::string> Lines() {
    const MutexLock lock(mu_);
    std::vector<std::string> lines;
    for (const auto& request : requests_) lines.push_back(request.method + " " + request.target);
    return lines;
  }
  [[nodiscard]] testing_support::ServedRequest At(std::size_t index) {
    const MutexLock lock(mu_);
    return requests_.at(index);
  }

 private:
  Mutex mu_;
  std::vector<testing_support::ServedRequest> requests_ GUARDED_BY(mu_);
};

}  // namespace headrace
