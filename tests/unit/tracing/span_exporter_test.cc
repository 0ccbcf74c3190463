#include "tracing/span_exporter.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "support/event.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Kind = ExportAnswer::Kind;

constexpr std::size_t kBatch = 512;

Span Named(const std::string& name) {
  Span span;
  span.name = name;
  return span;
}

std::size_t SpansIn(const std::string& json) {
  std::size_t count = 0;
  for (auto at = json.find("\"traceId\""); at != std::string::npos;
       at = json.find("\"traceId\"", at + 1)) {
    ++count;
  }
  return count;
}

// A collector that answers what the test says; without more to say, it takes all.
class FakeCollector {
 public:
  SpanExporter::Send Sender() {
    return [this](std::string json, const CancelToken& cancel, Deadline deadline) {
      return Take(std::move(json), cancel, deadline);
    };
  }
  void Answer(ExportAnswer answer) {
    const MutexLock lock(mu_);
    answers_.push_back(std::move(answer));
  }
  // Requests stay unanswered until they are cancelled, or their deadline has passed.
  void Hang() {
    const MutexLock lock(mu_);
    hangs_ = true;
  }
  std::vector<std::string> Requests() {
    const MutexLock lock(mu_);
    return requests_;
  }
  Event asked;
  Event held;  // requests wait for it
  bool holds = false;

 private:
  ExportAnswer Take(std::string json, const CancelToken& cancel, Deadline deadline) {
    bool hangs = false;
    ExportAnswer answer{Kind::kTaken};
    {
      const MutexLock lock(mu_);
      requests_.push_back(std::move(json));
      hangs = hangs_;
      if (!answers_.empty()) {
        answer = answers_.front();
        answers_.pop_front();
      }
    }
    asked.Set();
    if (holds) {
      EXPECT_TRUE(held.Wait());
    }
    if (!hangs) return answer;
    EXPECT_TRUE(Eventually([&] { return cancel.Cancelled() || deadline.Passed(); }));
    return {Kind::kTryLater, 0, seconds(0), "hangs"};
  }

  Mutex mu_;
  std::deque<ExportAnswer> answers_ GUARDED_BY(mu_);
  std::vector<std::string> requests_ GUARDED_BY(mu_);
  bool hangs_ GUARDED_BY(mu_) = false;
};

class SpanExporterTest : public testing::Test {
 protected:
  SpanExporterTest() {
    options_.endpoint = "http://collector";
    options_.interval = milliseconds(1);
    options_.retry_delay = milliseconds(1);
    options_.retry_max_delay = milliseconds(2);
  }

  SpanExporter& Start() { return exporter_.emplace(options_, TraceSource{}, collector_.Sender()); }
  bool Await(std::uint64_t exported) {
    return Eventually([&] { return exporter_->Figures().exported == exported; });
  }

  TracingOptions options_;
  FakeCollector collector_;
  std::optional<SpanExporter> exporter_;
};

TEST_F(SpanExporterTest, SendsWhatHasWaitedForTheInterval) {
  Start().Record(Named("first"));
  EXPECT_TRUE(Await(1));
  exporter_->Record(Named("second"));
  EXPECT_TRUE(Await(2));
  EXPECT_THAT(collector_.Requests().at(0), HasSubstr("\"first\""));
  EXPECT_THAT(collector_.Requests().at(1), HasSubstr("\"second\""));
}

TEST_F(SpanExporterTest, SendsAFullBatchAtOnce) {
  options_.interval = hours(1);
  Start();
  for (std::size_t i = 0; i < kBatch; ++i) exporter_->Record(Named("span"));
  EXPECT_TRUE(Await(kBatch));
  EXPECT_EQ(SpansIn(collector_.Requests().at(0)), kBatch);
}

TEST_F(SpanExporterTest, PressesOutTheOldestWhereThereIsNoRoom) {
  options_.interval = hours(1);
  options_.queue = 3;
  Start();
  for (const char* const name : {"a", "b", "c", "d", "e"}) exporter_->Record(Named(name));
  EXPECT_EQ(exporter_->Figures().dropped, 2U);
  exporter_->Stop(Deadline::After(seconds(30)));
  ASSERT_EQ(collector_.Requests().size(), 1U);
  EXPECT_EQ(SpansIn(collector_.Requests()[0]), 3U);
  EXPECT_THAT(collector_.Requests()[0], HasSubstr("\"e\""));
  EXPECT_EQ(exporter_->Figures().exported, 3U);
}

TEST_F(SpanExporterTest, CountsWhatIsBeingSentAsPartOfTheQueue) {
  options_.queue = 2;
  collector_.holds = true;
  Start().Record(Named("a"));
  EXPECT_TRUE(collector_.asked.Wait());
  exporter_->Record(Named("b"));
  EXPECT_EQ(exporter_->Figures().dropped, 0U);
  exporter_->Record(Named("c"));
  EXPECT_EQ(exporter_->Figures().dropped, 1U) << "b made room for c";
  collector_.held.Set();
  EXPECT_TRUE(Await(2));
}

TEST_F(SpanExporterTest, SendsTheSameSpansAgainWhereTheCollectorWantsThemLater) {
  collector_.Answer({Kind::kTryLater, 0, seconds(0), "503"});
  collector_.Answer({Kind::kTryLater, 0, seconds(0), "503"});
  Start().Record(Named("kept"));
  EXPECT_TRUE(Await(1));
  ASSERT_EQ(collector_.Requests().size(), 3U);
  for (const std::string& request : collector_.Requests()) EXPECT_THAT(request, HasSubstr("kept"));
  EXPECT_EQ(exporter_->Figures().dropped, 0U);
}

TEST_F(SpanExporterTest, WaitsAsLongAsTheCollectorSays) {
  collector_.Answer({Kind::kTryLater, 0, seconds(1), "429"});
  Start().Record(Named("kept"));
  EXPECT_TRUE(collector_.asked.Wait());
  const SteadyTime asked = SteadyClock::now();
  for (std::size_t i = 0; i < kBatch; ++i) exporter_->Record(Named("more"));
  EXPECT_TRUE(collector_.asked.Wait(2));
  EXPECT_GE(SteadyClock::now() - asked, milliseconds(900)) << "though a batch was full";
  EXPECT_TRUE(Await(kBatch + 1));
}

TEST_F(SpanExporterTest, KeepsNoMoreThanTheQueueWhileTheCollectorIsAway) {
  options_.queue = 4;
  options_.interval = hours(1);
  for (int i = 0; i < 10'000; ++i) collector_.Answer({Kind::kTryLater, 0, seconds(0), "away"});
  Start();
  for (int i = 0; i < 100; ++i) exporter_->Record(Named("span " + std::to_string(i)));
  EXPECT_EQ(exporter_->Figures().dropped, 96U);
  exporter_->Stop(Deadline::After(seconds(30)));
  EXPECT_EQ(exporter_->Figures().dropped, 100U);
  EXPECT_THAT(collector_.Requests().back(), HasSubstr("span 99"));
}

TEST_F(SpanExporterTest, SendsNothingAgainThatWasRefused) {
  collector_.Answer({Kind::kRefused, 0, seconds(0), "400"});
  Start().Record(Named("bad"));
  EXPECT_TRUE(Eventually([&] { return exporter_->Figures().failed == 1; }));
  exporter_->Record(Named("good"));
  EXPECT_TRUE(Await(1));
  EXPECT_EQ(collector_.Requests().size(), 2U);
}

TEST_F(SpanExporterTest, CountsRejectedSpansAsFailed) {
  collector_.Answer({Kind::kTaken, 2, seconds(0), "too old"});
  options_.interval = hours(1);
  Start();
  for (int i = 0; i < 5; ++i) exporter_->Record(Named("span"));
  exporter_->Stop(Deadline::After(seconds(30)));
  EXPECT_EQ(exporter_->Figures().exported, 3U);
  EXPECT_EQ(exporter_->Figures().failed, 2U);
}

TEST_F(SpanExporterTest, SendsAllThatIsThereWhenItStops) {
  options_.interval = hours(1);
  options_.queue = 2 * kBatch;
  collector_.holds = true;
  Start();
  for (std::size_t i = 0; i < kBatch + 7; ++i) exporter_->Record(Named("span"));
  collector_.held.Set();
  exporter_->Stop(Deadline::After(seconds(30)));
  EXPECT_EQ(exporter_->Figures().exported, kBatch + 7);
  exporter_->Record(Named("late"));
  EXPECT_EQ(exporter_->Figures().dropped, 1U);
}

TEST_F(SpanExporterTest, StopsInTimeThoughTheCollectorHangs) {
  collector_.Hang();
  options_.timeout = hours(1);
  Start().Record(Named("stuck"));
  EXPECT_TRUE(collector_.asked.Wait());
  exporter_->Record(Named("behind"));
  exporter_->Stop(Deadline::After(milliseconds(20)));
  EXPECT_EQ(exporter_->Figures().dropped, 2U);
  EXPECT_EQ(exporter_->Figures().exported, 0U);
  EXPECT_EQ(collector_.Requests().size(), 1U);
}

TEST_F(SpanExporterTest, MakesOneLastAttemptWhenItStops) {
  for (int i = 0; i < 10; ++i) collector_.Answer({Kind::kTryLater, 0, seconds(300), "away"});
  Start().Record(Named("span"));
  EXPECT_TRUE(collector_.asked.Wait());
  EXPECT_TRUE(Eventually([&] {
    exporter_->Stop(Deadline::After(seconds(30)));
    return exporter_->Figures().dropped == 1;
  }));
  EXPECT_LE(collector_.Requests().size(), 2U);
}

TEST_F(SpanExporterTest, TakesSpansFromManyThreads) {
  options_.queue = 100'000;
  Start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 1000; ++n) exporter_->Record(Named("span"));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(Await(4000));
  std::size_t seen = 0;
  for (const std::string& request : collector_.Requests()) {
    EXPECT_LE(SpansIn(request), kBatch);
    seen += SpansIn(request);
  }
  EXPECT_EQ(seen, 4000U);
}

TEST_F(SpanExporterTest, GoesOnWhereSendingThrows) {
  bool thrown = false;
  exporter_.emplace(options_, TraceSource{},
                    [&](std::string, const CancelToken&, Deadline) -> ExportAnswer {
                      if (!std::exchange(thrown, true)) throw std::bad_alloc();
                      return {Kind::kTaken};
                    });
  exporter_->Record(Named("kept"));
  EXPECT_TRUE(Await(1));
}

}  // namespace
}  // namespace headrace
