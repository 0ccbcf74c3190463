#include "handler/frames/frames.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "handler/frames/frame_socket.h"
#include "handler/frames/part_check.h"
#include "support/descriptor_limit.h"

namespace headrace {
namespace {

std::vector<std::byte> Bytes(std::span<const std::byte> frame) {
  return {frame.begin(), frame.end()};
}

std::span<const std::byte> AsBytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(FramesTest, LayOutTheHeaderAsDocumented) {
  FrameWriter writer;
  const auto frame = EncodeNumber(writer, FrameType::kDone, 0x01020304);
  const std::vector<int> expected{'H', 'R', 'F', '1', 23, 0, 0, 0, 4, 0,
                                  0,   0,   0,   0,   0,  0, 4, 3, 2, 1};
  ASSERT_EQ(frame.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(std::to_integer<int>(frame[i]), expected[i]) << i;
  }
}

TEST(FramesTest, GiveTheProgressBackAndRefuseWhatCannotBe) {
  FrameWriter writer;
  const auto read = [&](std::uint32_t done, std::uint32_t total) {
    return DecodeProgress(ParseFrame(Encode(writer, ProgressFrame{done, total}))->body);
  };
  ASSERT_TRUE(read(3, 7));
  EXPECT_EQ(read(3, 7)->done, 3U);
  EXPECT_EQ(read(3, 7)->total, 7U);
  EXPECT_FALSE(read(8, 7));
  EXPECT_FALSE(read(0, 0));
  EXPECT_FALSE(DecodeProgress(ParseFrame(EncodeNumber(writer, FrameType::kProgress, 1))->body));
}

TEST(FramesTest, GiveUsageBackAndRefuseMoreTimeThanThereIs) {
  FrameWriter writer;
  const auto read = [&](std::uint64_t cpu, std::uint64_t peak) {
    return DecodeUsage(ParseFrame(Encode(writer, UsageFrame{cpu, peak}))->body);
  };
  ASSERT_TRUE(read(5, UINT64_MAX));
  EXPECT_EQ(read(5, 7)->cpu, 5U);
  EXPECT_EQ(read(5, 7)->peak_memory, 7U);
  EXPECT_FALSE(read(UINT64_MAX, 7));
  EXPECT_FALSE(DecodeUsage(ParseFrame(EncodeNumber(writer, FrameType::kUsage, 1))->body));
}

TEST(FramesTest, GiveStandardErrorBackAsTheBytesThatItIs) {
  FrameWriter writer;
  const auto read = [&](const std::string& text) -> std::optional<std::string> {
    const auto decoded = DecodeStderr(ParseFrame(EncodeStderr(writer, text))->body);
    return decoded ? std::optional<std::string>(*decoded) : std::nullopt;
  };
  EXPECT_EQ(read("one\ntwo\xFF"), "one\ntwo\xFF");
  EXPECT_EQ(read(std::string(kMaxStderr + 1, 'x')), std::string(kMaxStderr, 'x')) << "cut";
  EXPECT_FALSE(read(""));
  EXPECT_FALSE(DecodeStderr(AsBytes(std::string(kMaxStderr + 1, 'x'))));
}

TEST(FramesTest, TellEachKindOfFailureFromTheOthers) {
  std::set<WireFailure> wire;
  for (const auto kind :
       {Failure::Kind::kBadPayload, Failure::Kind::kNotAcceptable, Failure::Kind::kTooLarge,
        Failure::Kind::kInternal, Failure::Kind::kCrashed, Failure::Kind::kCpuLimit,
        Failure::Kind::kRetry}) {
    FrameWriter writer;
    const auto view = ParseFrame(Encode(writer, FailureFrame{ToWire(kind), "type", "h", "d"}));
    const auto failure = DecodeFailure(view->body);
    ASSERT_TRUE(failure);
    EXPECT_TRUE(wire.insert(failure->kind).second);
  }
}

TEST(FramesTest, GiveAJobBackAsItWasSent) {
  JobFrame job;
  job.attempt = 2;
  job.deadline = 123'456'789;
  job.payload_size = 1ULL << 40U;
  job.id = "id";
  job.queue = "queue";
  job.tenant = "tenant";
  job.traceparent = "trace";
  job.tracestate = "state";
  job.media_type = "text/plain; charset=utf-8";
  job.params = {{"a", "1"}, {"b", ""}};
  FrameWriter writer;
  const auto view = ParseFrame(Encode(writer, job));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->type, FrameType::kJob);
  const auto read = DecodeJob(view->body);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->attempt, 2U);
  EXPECT_EQ(read->batch, 1U);
  EXPECT_EQ(read->deadline, 123'456'789);
  EXPECT_EQ(read->payload_size, 1ULL << 40U);
  EXPECT_EQ(read->id, "id");
  EXPECT_EQ(read->queue, "queue");
  EXPECT_EQ(read->tenant, "tenant");
  EXPECT_EQ(read->traceparent, "trace");
  EXPECT_EQ(read->tracestate, "state");
  EXPECT_EQ(read->media_type, "text/plain; charset=utf-8");
  EXPECT_EQ(read->params, job.params);
}

TEST(FramesTest, GiveARequestToForkBackAsItWasSent) {
  ForkFrame fork;
  fork.request = 5;
  fork.limits = {1ULL << 33U, 60, 1ULL << 32U, ExecutorPriority::kIdle, true, 7};
  FrameWriter writer;
  const auto view = ParseFrame(Encode(writer, fork));
  ASSERT_TRUE(view);
  const auto read = DecodeFork(view->body);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->request, 5U);
  EXPECT_EQ(read->limits.memory, 1ULL << 33U);
  EXPECT_EQ(read->limits.cpu_seconds, 60U);
  EXPECT_EQ(read->limits.file_size, 1ULL << 32U);
  EXPECT_EQ(read->limits.priority, ExecutorPriority::kIdle);
  EXPECT_TRUE(read->limits.sandbox_required);
  EXPECT_EQ(read->limits.jobs, 7U);
}

TEST(FramesTest, RefuseARequestToForkThatMakesNoSense) {
  FrameWriter writer;
  const auto encoded = [&](const ExecutorLimits& limits) {
    return Bytes(ParseFrame(Encode(writer, ForkFrame{1, limits}))->body);
  };
  EXPECT_FALSE(DecodeFork(encoded({0, 0, 0, ExecutorPriority::kLow, false, 0}))) << "no job";
  EXPECT_FALSE(DecodeFork(encoded({0, 0, 0, static_cast<ExecutorPriority>(3), false, 1})));
  std::vector<std::byte> body = encoded({});
  ASSERT_TRUE(DecodeFork(body));
  body.at(body.size() - 8) = std::byte{2};  // neither best-effort nor required
  EXPECT_FALSE(DecodeFork(body));
}

TEST(FramesTest, RefuseAnyHeaderThatIsNotExactlyRight) {
  FrameWriter writer;
  const std::vector<std::byte> good = Bytes(EncodeEmpty(writer, FrameType::kHello));
  ASSERT_TRUE(ParseFrame(good));
  for (const std::size_t offset : {0U, 3U, 6U, 7U, 8U, 11U, 12U, 15U}) {
    std::vector<std::byte> bad = good;
    bad[offset] ^= std::byte{1};
    EXPECT_FALSE(ParseFrame(bad)) << offset;
  }
  EXPECT_FALSE(ParseFrame(std::span(good).first(15)));
  EXPECT_FALSE(ParseFrame({}));
}

TEST(FramesTest, RefuseEveryBodyThatIsTooShortOrTooLong) {
  FrameWriter writer;
  JobFrame job;
  job.params = {{"name", "value"}};
  job.id = "id";
  const std::vector<std::byte> frame = Bytes(Encode(writer, job));
  std::vector<std::byte> body(frame.begin() + kFrameHeader, frame.end());
  ASSERT_TRUE(DecodeJob(body));
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(DecodeJob(std::span(body).first(size))) << size;
  }
  body.push_back(std::byte{0});
  EXPECT_FALSE(DecodeJob(body));
}

TEST(FramesTest, RefuseProcessIdsThatMeanMoreThanOneProcess) {
  FrameWriter writer;
  for (const std::uint32_t pid : {0U, 1U, 0x80000000U, 0xFFFFFFFFU}) {
    const auto view = ParseFrame(Encode(writer, ForkedFrame{1, pid}));
    EXPECT_FALSE(DecodeForked(view->body)) << pid;
  }
}

TEST(FramesTest, FitAWholeInlinePartWithTheLongestNames) {
  FrameWriter writer;
  const std::string name(kMaxPartName, 'n');
  const std::string media = "a/" + std::string(kMaxMediaType - 2, 'm');
  const std::vector<std::byte> bytes(kMaxInlinePart, std::byte{7});
  const auto view = ParseFrame(Encode(writer, PartFrame{9, name, media, bytes}));
  ASSERT_TRUE(view);
  const auto part = DecodePart(view->body);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->name, name);
  EXPECT_EQ(part->media_type, media);
  EXPECT_EQ(Bytes(part->bytes), bytes);
}

TEST(FramesTest, AreEmptyWhenTheyWouldBeTooLong) {
  FrameWriter writer;
  JobFrame job;
  job.params = {{"text", std::string(kMaxFrame, 'x')}};
  EXPECT_TRUE(Encode(writer, job).empty());
  job.params = {{"text", std::string(70'000, 'x')}};
  EXPECT_TRUE(Encode(writer, job).empty());
  EXPECT_FALSE(EncodeEmpty(writer, FrameType::kHello).empty());
}

TEST(FramesTest, RefuseAFailureOfUnknownKindOrType) {
  FrameWriter writer;
  const auto view =
      ParseFrame(Encode(writer, FailureFrame{WireFailure::kInternal, "type", "h", "d"}));
  std::vector<std::byte> body = Bytes(view->body);
  ASSERT_TRUE(DecodeFailure(body));
  for (const auto kind : {std::byte{0}, std::byte{9}, std::byte{255}}) {
    body[0] = kind;
    EXPECT_FALSE(DecodeFailure(body));
  }
  const auto bad = ParseFrame(Encode(writer, FailureFrame{WireFailure::kInternal, "a b", "", ""}));
  EXPECT_FALSE(DecodeFailure(bad->body));
}

TEST(FramesTest, TakeOnlyPlainFileNamesForParts) {
  for (const char* const good : {"a", "page-0001.png", "A_b-c.d"}) EXPECT_TRUE(ValidPartName(good));
  for (const char* const bad : {"", ".", "..", ".hidden", "a/b", "a b", "a\n", "\"", "\xC3\xA4"}) {
    EXPECT_FALSE(ValidPartName(bad)) << bad;
  }
  EXPECT_FALSE(ValidPartName(std::string(256, 'a')));
  EXPECT_FALSE(ValidPartName(std::string_view("a\0b", 3)));
}

TEST(FramesTest, TakeOnlyPrintableMediaTypes) {
  EXPECT_TRUE(ValidMediaType("text/plain; charset=utf-8"));
  for (const char* const bad : {"", "text", "/plain", "text/", "text/plain\r\nX: y"}) {
    EXPECT_FALSE(ValidMediaType(bad)) << bad;
  }
}

TEST(FramesTest, KnowTheCrcOfZip) {
  EXPECT_EQ(Crc32(AsBytes("123456789")), 0xCBF43926U);
  EXPECT_EQ(Crc32({}), 0U);
  EXPECT_EQ(Crc32(AsBytes("6789"), Crc32(AsBytes("12345"))), 0xCBF43926U);
  EXPECT_EQ(Crc32({}, 7), 7U);
}

TEST(FrameSocketTest, TellsAFrameFromSilenceNoiseAndTheEnd) {
  SocketPair pair = MakeSocketPair();
  FrameBuffer buffer;
  FrameWriter writer;
  EXPECT_EQ(buffer.Receive(pair.ours.get(), Wait::kNo), ReceiveResult::kNothing);
  SendFrame(pair.theirs.get(), EncodeEmpty(writer, FrameType::kHello));
  EXPECT_EQ(buffer.Receive(pair.ours.get(), Wait::kNo), ReceiveResult::kFrame);
  EXPECT_EQ(buffer.view().type, FrameType::kHello);
  SendFrame(pair.theirs.get(), AsBytes("noise"));
  EXPECT_EQ(buffer.Receive(pair.ours.get(), Wait::kNo), ReceiveResult::kMalformed);
  pair.theirs.reset();
  EXPECT_EQ(buffer.Receive(pair.ours.get(), Wait::kNo), ReceiveResult::kGone);
  EXPECT_EQ(SendFrame(pair.ours.get(), EncodeEmpty(writer, FrameType::kHello)), SendResult::kGone);
}

TEST(FrameSocketTest, ReadsTheLastWordsOfAPeerThatLeavesWithoutListening) {
  SocketPair pair = MakeSocketPair();
  FrameWriter writer;
  SendFrame(pair.ours.get(), EncodeEmpty(writer, FrameType::kHello));
  SendFrame(pair.theirs.get(), EncodeReason(writer, FrameType::kUnfit, "why"));
  pair.theirs.reset();
  FrameBuffer buffer;
  ASSERT_EQ(buffer.Receive(pair.ours.get(), Wait::kNo), ReceiveResult::kFrame);
  EXPECT_EQ(buffer.view().type, FrameType::kUnfit);
  EXPECT_TRUE(buffer.PeerLeftUnread());
  EXPECT_EQ(buffer.Receive(pair.ours.get(), Wait::kNo), ReceiveResult::kGone);
}

TEST(FrameSocketTest, TellsAFrameWhoseDescriptorFindsNoRoom) {
  SocketPair pair = MakeSocketPair();
  FrameWriter writer;
  SendFrame(pair.theirs.get(), EncodeNumber(writer, FrameType::kDone, 7), pair.theirs.get());
  FrameBuffer buffer;
  {
    const UniqueFd next(fcntl(pair.ours.get(), F_DUPFD_CLOEXEC, 0));
    const DescriptorLimit none(0, static_cast<rlim_t>(next.get()));
    EXPECT_EQ(buffer.Receive(pair.ours.get(), Wait::kNo), ReceiveResult::kLost);
  }
  EXPECT_FALSE(buffer.HasFd());
  EXPECT_EQ(DecodeNumber(buffer.view().body), 7U);
}

TEST(FrameSocketTest, ClosesDescriptorsThatAreTooMany) {
  SocketPair pair = MakeSocketPair();
  FrameWriter writer;
  const auto frame = EncodeEmpty(writer, FrameType::kHello);
  std::array<int, 3> fds{0, 1, 2};
  iovec data{const_cast<std::byte*>(frame.data()), frame.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(part), fds.data(), sizeof fds);
  ASSERT_GT(sendmsg(pair.theirs.get(), &message, 0), 0);
  const UniqueFd next_free(dup(0));
  const int expected = next_free.get();
  FrameBuffer buffer;
  EXPECT_EQ(buffer.Receive(pair.ours.get(), Wait::kNo), ReceiveResult::kMalformed);
  EXPECT_FALSE(buffer.HasFd());
  const UniqueFd after(dup(0));
  EXPECT_EQ(after.get(), expected + 1);
}

TEST(FrameSocketTest, DoesNotWaitForAPeerThatDoesNotRead) {
  const SocketPair pair = MakeSocketPair();
  FrameWriter writer;
  const std::vector<std::byte> bytes(kMaxInlinePart);
  const auto frame = Encode(writer, PartFrame{0, "a", "a/b", bytes});
  SendResult result = SendResult::kSent;
  while (result == SendResult::kSent) result = SendFrame(pair.ours.get(), frame, -1, Wait::kNo);
  EXPECT_EQ(result, SendResult::kFull);
}

}  // namespace
}  // namespace headrace
