#include "handler/command/worker_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "handler/frames/frames.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Number(std::uint64_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return bytes;
}

std::string Frame(unsigned type, const std::string& body = "") {
  return Number(body.size(), 4) + Number(type, 1) + Number(0, 1) + Number(1, 2) + body;
}

std::string Text(const std::string& text) { return Number(text.size(), 2) + text; }

const std::string kReady = Frame(1, Number(1, 4));
const std::string kDone = Frame(5);

std::string Part(const std::string& name, const std::string& media_type, const std::string& bytes) {
  return Frame(3, Text(name) + Text(media_type) + bytes);
}
std::string Progress(std::uint32_t done, std::uint32_t total) {
  return Frame(4, Number(done, 4) + Number(total, 4));
}
std::string Fails(std::uint64_t status, const std::string& hint, const std::string& detail) {
  return Frame(6, Number(status, 2) + Text(hint) + detail);
}

// Writes down what it is told, a line each.
class Listener final : public WorkerListener {
 public:
  void OnReady() override { heard.emplace_back("ready"); }
  void OnPart(const WorkerPart& part) override {
    heard.push_back("part " + std::string(part.name) + " " + std::string(part.media_type) + " " +
                    std::to_string(part.size) + ": ");
  }
  void OnPartBytes(std::span<const std::byte> bytes) override {
    heard.back().append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void OnPartEnd() override { heard.back() += '.'; }
  void OnProgress(std::uint32_t done, std::uint32_t total) override {
    heard.push_back("progress " + std::to_string(done) + "/" + std::to_string(total));
  }
  void OnDone() override { heard.emplace_back("done"); }
  void OnFailure(const WorkerFailure& failure) override {
    heard.push_back("failure " + std::to_string(failure.status) + " " + std::string(failure.hint) +
                    "|" + std::string(failure.detail));
  }

  std::vector<std::string> heard;
};

class WorkerFramesTest : public ::testing::Test {
 protected:
  bool Feed(std::string_view bytes) { return stream_.Feed(std::as_bytes(std::span(bytes))); }
  // The worker is ready and has a job.
  void Begin() {
    ASSERT_TRUE(Feed(kReady));
    stream_.BeginJob();
    listener_.heard.clear();
  }
  void ExpectOffence(const std::string& bytes, const std::string& problem) {
    EXPECT_FALSE(Feed(bytes));
    EXPECT_THAT(stream_.problem(), HasSubstr(problem));
    EXPECT_THAT(listener_.heard, IsEmpty());
    EXPECT_FALSE(Feed(kDone)) << "it is not listened to any more";
  }

  Listener listener_;
  WorkerStream stream_{listener_};
};

TEST_F(WorkerFramesTest, UnderstandAJobInWhateverPiecesItComes) {
  const std::string job = Progress(1, 3) + Part("a.txt", "text/plain", "hello") +
                          Part("empty", "application/json", "") + kDone;
  for (std::size_t piece = 1; piece <= job.size(); ++piece) {
    Listener listener;
    WorkerStream stream(listener);
    EXPECT_TRUE(stream.Feed(std::as_bytes(std::span(kReady))));
    EXPECT_TRUE(stream.idle());
    stream.BeginJob();
    for (std::size_t at = 0; at < job.size(); at += piece) {
      const std::string_view bytes = std::string_view(job).substr(at, piece);
      ASSERT_TRUE(stream.Feed(std::as_bytes(std::span(bytes)))) << stream.problem();
    }
    EXPECT_TRUE(stream.idle());
    EXPECT_THAT(listener.heard,
                ElementsAre("ready", "progress 1/3", "part a.txt text/plain 5: hello.",
                            "part empty application/json 0: .", "done"));
  }
}

TEST_F(WorkerFramesTest, TellAFailureWithItsHintAndDetail) {
  Begin();
  EXPECT_TRUE(Feed(Fails(422, "no picture", "cannot identify it")));
  EXPECT_THAT(listener_.heard, ElementsAre("failure 422 no picture|cannot identify it"));
  EXPECT_TRUE(stream_.idle());
}

TEST_F(WorkerFramesTest, CutALongDetailBetweenCharacters) {
  Begin();
  std::string detail(kMaxFailureDetail - 1, 'x');
  EXPECT_TRUE(Feed(Fails(500, "", detail + "\xC3\xA9 and more")));
  EXPECT_THAT(listener_.heard, ElementsAre("failure 500 |" + detail));
}

TEST_F(WorkerFramesTest, RefuseAWorkerOfAnotherVersion) {
  ExpectOffence(Frame(1, Number(2, 4)), "version 2");
}
TEST_F(WorkerFramesTest, RefuseWhatComesBeforeReady) { ExpectOffence(kDone, "type 5"); }
TEST_F(WorkerFramesTest, RefuseWhatComesWithoutAJob) {
  ASSERT_TRUE(Feed(kReady));
  listener_.heard.clear();
  ExpectOffence("x", "no job");
}

struct Offence {
  const char* name;
  std::string bytes;
  const char* problem;
};
class WorkerOffenceTest : public WorkerFramesTest, public ::testing::WithParamInterface<Offence> {};

TEST_P(WorkerOffenceTest, IsSeenAtOnce) {
  Begin();
  ExpectOffence(GetParam().bytes, GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    All, WorkerOffenceTest,
    ::testing::Values(
        Offence{"ReadyTwice", kReady, "type 1"}, Offence{"AJob", Frame(2, "12345678"), "type 2"},
        Offence{"UnknownType", Frame(9), "type 9"},
        Offence{"ReservedByte", Number(0, 4) + Number(5, 1) + Number(1, 1) + Number(1, 2),
                "byte 5"},
        Offence{"ABatch", Number(0, 4) + Number(5, 1) + Number(0, 1) + Number(2, 2), "1 job"},
        Offence{"DoneWithABody", Number(1, 4) + Number(5, 1) + Number(0, 1) + Number(1, 2),
                "1 bytes"},
        // The header alone: nothing is kept of what it announces.
        Offence{"HugeFailure", Number(UINT32_MAX, 4) + Number(6, 1) + Number(0, 1) + Number(1, 2),
                "4294967295 bytes"},
        Offence{"ShortProgress", Frame(4, Number(1, 4)), "4 bytes"},
        Offence{"ProgressBeyondTotal", Progress(3, 2), "3 of 2"},
        Offence{"ProgressOfNothing", Progress(0, 0), "0 of 0"},
        Offence{"UnknownStatus", Fails(404, "", ""), "status 404"},
        Offence{"HintBeyondBody", Frame(6, Number(422, 2) + Number(9, 2) + "short"), "9 bytes"},
        Offence{"LongHint", Fails(422, std::string(kMaxFailureHint + 1, 'h'), ""), "1025 bytes"},
        Offence{"PartWithoutName", Part("", "a/b", ""), "name of a part has 0"},
        Offence{"NameBeyondBody", Frame(3, Number(9, 2) + "ab"), "name of a part has 9"},
        Offence{"LongName", Part(std::string(256, 'n'), "a/b", ""), "name of a part has 256"},
        Offence{"PathAsName", Part("../x", "a/b", ""), "no plain file name"},
        Offence{"NoMediaType", Part("x", "", ""), "media type of a part has 0"},
        Offence{"LongMediaType", Part("x", "a/" + std::string(126, 'b'), ""),
                "media type of a part has 128"},
        Offence{"MediaTypeBeyondBody", Frame(3, Text("x") + Number(9, 2) + "a/b"),
                "media type of a part has 9"},
        Offence{"NonsenseMediaType", Part("x", "text", ""), "media type of a part is none"}),
    [](const auto& offence) { return std::string(offence.param.name); });

TEST(WorkerJobTest, LaysTheHeadOutAsDocumented) {
  const std::string payload = "payload";
  Job job;
  job.id = "j1";
  job.queue = "words";
  job.params = {{"lang", "en\"g"}, {"n", "3"}};
  job.media_type = "text/plain";
  job.traceparent = "00-aa-bb-01";
  job.tracestate = "a=\"b\"";
  job.attempt = 2;
  job.payload = std::as_bytes(std::span(payload));
  const std::string json =
      R"({"id":"j1","queue":"words","attempt":2,"deadline_ms":1500,"params":{"lang":"en\"g","n":"3"},)"
      R"("media_type":"text/plain","traceparent":"00-aa-bb-01","tracestate":"a=\"b\""})";
  EXPECT_EQ(EncodeJobHead(job, 1500), Number(4 + json.size() + payload.size(), 4) + Number(2, 1) +
                                          Number(0, 1) + Number(1, 2) + Number(json.size(), 4) +
                                          json);
  EXPECT_THAT(*EncodeJobHead(job, -5), HasSubstr("\"deadline_ms\":0,"));
}

TEST(WorkerJobTest, HasNoHeadIfItsPayloadDoesNotFitAFrame) {
  const std::byte one{};
  Job job;
  // Never looked at: only its size counts.
  job.payload = std::span<const std::byte>(&one, std::size_t{UINT32_MAX});
  EXPECT_FALSE(EncodeJobHead(job, 1));
}

}  // namespace
}  // namespace headrace
