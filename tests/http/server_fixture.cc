#include "http/server_fixture.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <utility>

#include "handler/frames/part_check.h"

namespace headrace {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kPoll{2};

}  // namespace

ServerFixture::ServerFixture() {
  spdlog::set_level(spdlog::level::err);
  for (QueueIndex queue : {QueueIndex{0}, QueueIndex{0}, QueueIndex{1}}) {
    workers_.emplace_back([this, queue] { Work(queue); });
  }
}

ServerFixture::~ServerFixture() {
  OpenGate();
  service_->CancelAll();
  engine_->Close();
  for (auto& worker : workers_) worker.join();
  if (server_) server_->Stop();
}

void ServerFixture::Serve(HttpOptions options) {
  options.listen = "127.0.0.1:0";
  server_ = std::make_unique<HttpServer>(std::move(options), *service_, *metrics_, keys_.get());
  const auto started = server_->Start();
  ASSERT_TRUE(started.ok()) << started.error().hint;
}

// The tests' own folder lies on a disk, as the spool's must; its files have no names.
void ServerFixture::KeepParts(PartsIn where) {
  parts_in_ = where;
  if (where != PartsIn::kSpool) return;
  auto spool = Spool::Open(std::filesystem::current_path(), std::uint64_t{1} << 30);
  ASSERT_TRUE(spool.ok()) << spool.error().hint;
  spool_ = *std::move(spool);
}

Payload ServerFixture::Store(std::string text) {
  const std::size_t size = text.size();
  Payload payload = Payload::FromString(std::move(text));
  if (parts_in_ == PartsIn::kMemory) return payload;
  if (parts_in_ == PartsIn::kSpool) return *spool_->Store(payload);
  return Payload::FromMemfd(*payload.ToMemfd(), size);
}

ResultPart ServerFixture::TextPart(int number, std::string text) {
  const std::uint32_t crc = Crc32(std::as_bytes(std::span(text)));
  return {fmt::format("part-{}.txt", number), "text/plain", Store(std::move(text)), crc};
}

void ServerFixture::CloseGate() {
  MutexLock lock(mu_);
  gate_open_ = false;
}

void ServerFixture::OpenGate() {
  {
    MutexLock lock(mu_);
    gate_open_ = true;
  }
  changed_.NotifyAll();
}

void ServerFixture::Work(QueueIndex queue) {
  while (engine_->WaitForWork(queue)) {
    auto job = engine_->Claim(queue);
    if (!job) continue;
    Outcome outcome = Run(**job);
    service_->OnStarted(**job);
    service_->OnRan(*job, std::move(outcome));
    changed_.NotifyAll();
  }
}

void ServerFixture::WaitAtGate(const QueuedJob& job) {
  const MutexLock lock(mu_);
  while (!gate_open_ && !job.cancel.Cancelled()) {
    changed_.WaitUntil(mu_, Deadline::After(kPoll));  // a token tells nobody
  }
}

Outcome ServerFixture::Run(const QueuedJob& job) {
  Outcome outcome;
  const auto param = [&](const char* name) {
    const auto found = job.params.find(name);
    return found == job.params.end() ? std::string() : found->second;
  };
  const auto keep = [&](ResultPart part) {
    job.on_part ? job.on_part(std::move(part)) : outcome.parts.push_back(std::move(part));
  };
  const int count = param("parts").empty() ? 1 : std::stoi(param("parts"));
  std::string text;
  for (const auto& [name, value] : job.params) {
    if (name != "parts") text += fmt::format("{}={};", name, value);
  }
  const auto bytes = job.payload.Bytes();
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // The first part of a stream comes before the gate, the rest behind it.
  int made = 0;
  if (job.on_part && count > 0) keep(TextPart(++made, text));
  WaitAtGate(job);
  if (job.cancel.Cancelled()) {
    outcome.state = JobState::kCancelled;
  } else if (param("say") == "fail") {
    outcome.error = Error{ErrorCode::kHandlerCrashed, "crashed", "it crashed", "", 0};
  } else {
    while (made < count) keep(TextPart(++made, text));
    outcome.state = JobState::kSucceeded;
  }
  return outcome;
}

bool ServerFixture::WaitForRunning(std::size_t running, QueueIndex queue) {
  const Deadline deadline = Deadline::After(kPatience);
  MutexLock lock(mu_);
  while (engine_->Figures(queue).running != running) {
    if (deadline.Passed()) return false;
    changed_.WaitUntil(mu_, Deadline::After(kPoll));
  }
  return true;
}

bool ServerFixture::WaitForWaiting(std::size_t waiting, QueueIndex queue) {
  const Deadline deadline = Deadline::After(kPatience);
  MutexLock lock(mu_);
  while (engine_->Figures(queue).waiting != waiting) {
    if (deadline.Passed()) return false;
    changed_.WaitUntil(mu_, Deadline::After(kPoll));
  }
  return true;
}

bool ServerFixture::WaitForFinished(std::uint64_t finished, QueueIndex queue) {
  const Deadline deadline = Deadline::After(kPatience);
  for (;;) {
    const QueueFigures figures = engine_->Figures(queue);
    if (figures.succeeded + figures.cancelled + figures.failed + figures.expired >= finished) {
      return true;
    }
    if (deadline.Passed()) return false;
    MutexLock lock(mu_);
    changed_.WaitUntil(mu_, Deadline::After(kPoll));
  }
}

}  // namespace headrace
