#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/edge/connection.h"

namespace headrace {

// A socket that takes `room` bytes before it says that it is full.
class FakeWire final : public Wire {
 public:
  struct State {
    std::string sent;
    std::size_t room = SIZE_MAX;
    std::size_t unsent = 0;
    bool write_shut = false;
    bool closed = false;
    bool paused = false;
    int turns = 0;  // that were awaited
    bool client_left = false;
  };
  explicit FakeWire(State& state) : state_(state) {}

  bool SendText(std::string text, bool /*more*/) override {
    state_.sent += text;
    state_.unsent += text.size();
    const std::size_t taken = std::min(state_.unsent, state_.room);
    state_.unsent -= taken;
    state_.room -= taken;
    return state_.unsent == 0;
  }
  bool SendFile(const Payload& payload, std::size_t offset, std::size_t size, bool more) override {
    const auto bytes = payload.Bytes().subspan(offset, size);
    return SendText(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), more);
  }
  void AwaitTurn() override { ++state_.turns; }
  [[nodiscard]] std::size_t Unsent() const override { return state_.unsent; }
  [[nodiscard]] bool ClientLeft() const override { return state_.client_left; }
  void ShutdownWrite() override { state_.write_shut = true; }
  void Close() override { state_.closed = true; }
  void PauseReading() override { state_.paused = true; }
  void ResumeReading() override { state_.paused = false; }

 private:
  State& state_;
};

struct Collected final : BodySink {
  Status Write(std::string_view bytes) override {
    text += bytes;
    return Ok();
  }
  std::string text;
};

// Answers with the path and the body: at once for /now, by Finish() for anything else. Refuses /no.
class FakeSite final : public Site {
 public:
  std::optional<Answer> OnHeaders(Exchange& exchange) override {
    if (exchange.head->path == "/no") {
      Answer answer;
      answer.status = 429;
      return answer;
    }
    exchange.body = std::make_shared<Collected>();
    return std::nullopt;
  }
  void OnRequest(Connection& connection) override {
    const Exchange& exchange = connection.exchange();
    requests.push_back(std::string(exchange.head->path) + " " +
                       static_cast<const Collected&>(*exchange.body).text);
    if (connection.exchange().head->path == "/now") {
      Finish(connection);
    } else {
      connection.Await(std::make_shared<Job>(abandoned));
    }
  }
  void Finish(Connection& connection) {
    Answer answer;
    answer.text = requests.back();
    connection.Respond(std::move(answer));
  }
  void OnAnswered(const Exchange& /*exchange*/, int status) override { statuses.push_back(status); }
  void OnConnections(int /*delta*/) override {}

  std::vector<std::string> requests;
  std::vector<int> statuses;
  int abandoned = 0;

 private:
  struct Job final : Pending {
    explicit Job(int& count) : abandoned(count) {}
    void Abandon() override { ++abandoned; }
    int& abandoned;
  };
};

inline std::string Get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

inline std::string Post(const std::string& path, std::size_t length,
                        const std::string& fields = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) +
         "\r\n" + fields + "\r\n";
}

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    connection_ = std::make_shared<Connection>(options_, site_, edge_,
                                               std::make_unique<FakeWire>(wire_), nullptr);
  }
  static SteadyTime In(std::chrono::milliseconds time) { return SteadyClock::now() + time; }
  [[nodiscard]] std::size_t Answers() const {
    std::size_t count = 0;
    for (auto at = wire_.sent.find("HTTP/1.1 "); at != std::string::npos;
         at = wire_.sent.find("HTTP/1.1 ", at + 1)) {
      ++count;
    }
    return count;
  }

  HttpOptions options_;
  FakeSite site_;
  EdgeState edge_;
  FakeWire::State wire_;
  std::shared_ptr<Connection> connection_;
};

}  // namespace headrace
