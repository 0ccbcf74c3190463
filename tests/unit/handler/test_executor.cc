// An executor binary whose handler does what its `do` parameter says: the ways in which a job can
// go wrong. Its own name chooses how its zygote behaves.

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "handler/executor/executor_main.h"
#include "handler/frames/frame_socket.h"
#include "handler/sandbox/sandbox.h"
#include "headrace/handler.h"
#include "test_tasks.h"
#include "test_zygotes.h"

extern char** environ;

namespace {

using headrace::Add;
using headrace::Answer;
using headrace::Context;
using headrace::DoTasks;
using headrace::Failure;
using headrace::FrameType;
using headrace::FrameWriter;
using headrace::Job;
using headrace::Param;
using headrace::WaitForEver;
using Action = std::function<Answer(const Job&, Context&)>;

void SendRaw(std::span<const std::byte> bytes, int fd = -1) {
  headrace::SendFrame(headrace::kExecutorSocket, bytes, fd);
}

void Limit(std::ostream& out, const char* name, __rlimit_resource resource) {
  rlimit limit{};
  getrlimit(resource, &limit);
  out << name << ' ' << limit.rlim_cur << '\n';
}

std::size_t OpenFiles() {
  std::size_t count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1U : 0U;
  return count;
}

// What a process may know of itself, a line each.
Answer Inspect(const Job& job, Context& context) {
  std::ostringstream out;
  out << "pid " << getpid() << "\nppid " << getppid() << "\npgid " << getpgrp() << '\n';
  out << "dumpable " << prctl(PR_GET_DUMPABLE) << '\n';
  out << "no_new_privs " << prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) << '\n';
  int signal = 0;
  prctl(PR_GET_PDEATHSIG, &signal);
  out << "pdeathsig " << signal << "\nfds " << OpenFiles() << '\n';
  std::ifstream score("/proc/self/oom_score_adj");
  out << "oom_score_adj " << score.rdbuf();
  out << "policy " << sched_getscheduler(0) << "\nnice " << getpriority(PRIO_PROCESS, 0) << '\n';
  Limit(out, "as", RLIMIT_AS);
  Limit(out, "cpu", RLIMIT_CPU);
  Limit(out, "fsize", RLIMIT_FSIZE);
  Limit(out, "nofile", RLIMIT_NOFILE);
  Limit(out, "core", RLIMIT_CORE);
  out << "id " << job.id << "\nqueue " << job.queue << "\nattempt " << job.attempt << "\ntrace "
      << job.traceparent << ' ' << job.tracestate << "\nmedia_type " << job.media_type << '\n';
  for (char** entry = environ; *entry != nullptr; ++entry) out << "env " << *entry << '\n';
  return Add(context, "self.txt", out.str());
}

Answer Echo(const Job& job, Context& context) {
  static_cast<void>(context.AddPart("echo", "application/octet-stream", job.payload));
  return std::nullopt;
}

Answer Parts(const Job& job, Context& context) {
  const int count = std::stoi(Param(job, "count", "1"));
  const std::string bytes(std::stoul(Param(job, "size", "1")), 'x');
  for (int i = 0; i < count; ++i) Add(context, "part-" + std::to_string(i), bytes);
  return std::nullopt;
}

Answer Allocate(const Job&, Context&) {
  std::vector<std::string> all;
  while (true) all.emplace_back(std::size_t{1} << 20U, 'x');
}

Answer AllocateAndCrash(const Job&, Context&) {
  for (;;) {
    void* const memory = std::malloc(std::size_t{1} << 20U);
    std::memset(memory, 1, std::size_t{1} << 20U);  // as a careless library does
  }
}

Answer Burn(const Job&, Context&) {
  volatile std::uint64_t spins = 0;
  while (true) spins = spins + 1;
}

Answer BurnFor(const Job& job, Context&) {
  const auto ticks = std::clock() + std::stol(Param(job, "ms", "100")) * CLOCKS_PER_SEC / 1000;
  while (std::clock() < ticks) {
  }
  return std::nullopt;
}

Answer IgnoreSignals(const Job&, Context&) {
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_IGN);
  WaitForEver();
}

Answer BurnIgnoring(const Job& job, Context& context) {
  std::signal(SIGXCPU, SIG_IGN);
  return Burn(job, context);
}

Answer SendDescriptor(const Job&, Context&) {
  FrameWriter writer;
  SendRaw(EncodeNumber(writer, FrameType::kDone, 0), STDIN_FILENO);
  WaitForEver();
}

Answer SendGarbage(const Job&, Context&) {
  SendRaw(std::as_bytes(std::span("this is no frame, but it is longer than a header")));
  WaitForEver();
}

Answer SendTooLong(const Job&, Context&) {
  const std::vector<std::byte> bytes(headrace::kMaxFrame + 1);
  SendRaw(bytes);
  WaitForEver();
}

Answer SendJob(const Job&, Context&) {
  FrameWriter writer;
  SendRaw(EncodeEmpty(writer, FrameType::kReady));
  WaitForEver();
}

Answer SendBadName(const Job&, Context&) {
  FrameWriter writer;
  SendRaw(Encode(writer, headrace::PartFrame{0, "../../etc/passwd", "text/plain", {}}));
  WaitForEver();
}

Answer Ask(const Job& job, Context&) {
  FrameWriter writer;
  SendRaw(Encode(writer, headrace::PartRequestFrame{std::stoull(Param(job, "size", "1")), "huge",
                                                    "text/plain"}));
  WaitForEver();
}

Answer AskTwice(const Job& job, Context& context) {
  FrameWriter writer;
  SendRaw(Encode(writer, headrace::PartRequestFrame{100'000, "one", "text/plain"}));
  return Ask(job, context);
}

Answer EndUnopenedPart(const Job&, Context&) {
  FrameWriter writer;
  SendRaw(EncodeNumber(writer, FrameType::kPartDone, 0));
  WaitForEver();
}

Answer LieAboutCount(const Job&, Context&) {
  FrameWriter writer;
  SendRaw(EncodeNumber(writer, FrameType::kDone, 7));
  WaitForEver();
}

// Keeps the memory of its part and writes into it after it has said that it is done.
Answer WriteAfterDone(const Job&, Context&) {
  FrameWriter writer;
  headrace::FrameBuffer buffer;
  SendRaw(Encode(writer, headrace::PartRequestFrame{100'000, "part", "text/plain"}));
  buffer.Receive(headrace::kExecutorSocket, headrace::Wait::kYes);
  const headrace::UniqueFd memfd = buffer.TakeFd();
  SendRaw(EncodeNumber(writer, FrameType::kPartDone, 0));
  SendRaw(EncodeNumber(writer, FrameType::kDone, 1));
  SendRaw(EncodeNumber(writer, FrameType::kDone, 1));
  char letter = 'a';
  while (true) {
    letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
    for (int i = 0; i < 100'000; ++i) {
      if (pwrite(memfd.get(), &letter, 1, i) != 1) _exit(1);
    }
  }
}

Answer ResizePart(const Job&, Context& context) {
  FrameWriter writer;
  headrace::FrameBuffer buffer;
  SendRaw(Encode(writer, headrace::PartRequestFrame{100'000, "part", "text/plain"}));
  buffer.Receive(headrace::kExecutorSocket, headrace::Wait::kYes);
  const headrace::UniqueFd memfd = buffer.TakeFd();
  const bool shrank = ftruncate(memfd.get(), 1) == 0;
  const bool grew = ftruncate(memfd.get(), 1'000'000) == 0;
  SendRaw(EncodeNumber(writer, FrameType::kPartDone, 0));
  SendRaw(Encode(writer,
                 headrace::PartFrame{0, "told", "text/plain",
                                     std::as_bytes(std::span(shrank || grew ? "yes" : "no", 3))}));
  SendRaw(EncodeNumber(writer, FrameType::kDone, 2));
  static_cast<void>(context);
  WaitForEver();
}

std::string handler_arguments;  // of the zygote's command line, a line each

Answer TellProgress(const Job& job, Context& context) {
  const auto total = static_cast<std::uint32_t>(std::stoul(Param(job, "total", "10")));
  for (std::uint32_t done = 0; done <= total; ++done) context.Progress(done, total);
  return std::nullopt;
}

Answer FloodProgress(const Job& job, Context&) {
  const std::uint32_t done = Param(job, "do", "") == "flood-progress" ? 1 : 3;
  FrameWriter writer;
  while (true) SendRaw(Encode(writer, headrace::ProgressFrame{done, 2}));
}

Answer FloodParts(const Job&, Context& context) {
  while (context.AddPart("empty", "text/plain", {})) {
  }
  return std::nullopt;
}

// Leaves a child in its group which holds its socket.
Answer LeaveChild(const Job&, Context& context) {
  const pid_t child = fork();
  if (child == 0) WaitForEver();
  Add(context, "child", std::to_string(child));
  std::raise(SIGKILL);
  return std::nullopt;
}

Answer Fail(const Job& job, Context&) {
  static const std::map<std::string, Failure::Kind> kKinds{
      {"payload", Failure::Kind::kBadPayload},
      {"acceptable", Failure::Kind::kNotAcceptable},
      {"large", Failure::Kind::kTooLarge},
      {"internal", Failure::Kind::kInternal}};
  const std::size_t size = std::stoul(Param(job, "size", "4"));
  return Failure{kKinds.at(Param(job, "kind", "payload")), "some-type", std::string(size, 'h'),
                 std::string(size, 'd')};
}

Answer BadPartName(const Job&, Context& context) { return Add(context, "no/file", "x"); }

const std::map<std::string, Action, std::less<>>& Actions() {
  static const std::map<std::string, Action, std::less<>> kActions{
      {"nothing", [](const Job&, Context&) -> Answer { return std::nullopt; }},
      {"pid", [](const Job&, Context& c) { return Add(c, "pid", std::to_string(getpid())); }},
      {"echo", Echo},
      {"parts", Parts},
      {"inspect", Inspect},
      {"segv",
       [](const Job&, Context&) -> Answer {
         std::raise(SIGSEGV);
         return std::nullopt;
       }},
      {"abort", [](const Job&, Context&) -> Answer { std::abort(); }},
      {"exit", [](const Job&, Context&) -> Answer { _exit(3); }},
      {"throw",
       [](const Job&, Context&) -> Answer { throw std::runtime_error("thrown on purpose"); }},
      {"throw-int", [](const Job&, Context&) -> Answer { throw 7; }},
      {"bad-alloc", [](const Job&, Context&) -> Answer { throw std::bad_alloc(); }},
      {"allocate", Allocate},
      {"allocate-and-crash", AllocateAndCrash},
      {"burn", Burn},
      {"burn-for", BurnFor},
      {"burn-ignoring", BurnIgnoring},
      {"sleep", [](const Job&, Context&) -> Answer { WaitForEver(); }},
      {"ignore", IgnoreSignals},
      {"send-descriptor", SendDescriptor},
      {"send-garbage", SendGarbage},
      {"send-too-long", SendTooLong},
      {"send-job", SendJob},
      {"send-bad-name", SendBadName},
      {"ask", Ask},
      {"ask-twice", AskTwice},
      {"end-unopened", EndUnopenedPart},
      {"lie", LieAboutCount},
      {"write-after-done", WriteAfterDone},
      {"resize-part", ResizePart},
      {"flood-parts", FloodParts},
      {"tasks", DoTasks},
      {"speak-as-keeper", headrace::SpeakAsKeeper},
      {"tell-arguments",
       [](const Job&, Context& context) { return Add(context, "a.txt", handler_arguments); }},
      {"tell-progress", TellProgress},
      {"flood-progress", FloodProgress},
      {"bad-progress", FloodProgress},
      {"leave-child", LeaveChild},
      {"close-socket",
       [](const Job&, Context&) -> Answer {
         close(3);
         WaitForEver();
       }},
      {"fail", Fail},
      {"bad-part-name", BadPartName},
  };
  return kActions;
}

class ObedientHandler final : public headrace::Handler {
 public:
  explicit ObedientHandler(std::string name) : name_(std::move(name)) {}

  void Warm() override {
    if (name_ == "broken-executor") throw std::runtime_error("the model file is missing");
    if (name_ == "slow-executor") WaitForEver();
    if (name_ == "dying-executor") _exit(5);
  }

  Answer Run(const Job& job, Context& context) override {
    return Actions().at(Param(job, "do", "nothing"))(job, context);
  }

 private:
  const std::string name_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string name = std::filesystem::path(argv[0]).filename();
  if (name == "unfit-executor") return headrace::UnfitMain(/*deaf=*/false);
  if (name == "deaf-executor") return headrace::UnfitMain(/*deaf=*/true);
  ObedientHandler nobody("");
  if (name == "forkless-executor") return headrace::ForklessMain(INT_MAX, nobody);
  if (name == "once-forkless-executor") return headrace::ForklessMain(8, nobody);
  if (name == "babbling-executor") {
    SendRaw(std::as_bytes(std::span("good morning, this is not what you expect")));
    WaitForEver();
  }
  constexpr int kOwnArguments = 3;
  for (int i = kOwnArguments; i < argc; ++i) handler_arguments += std::string(argv[i]) + "\n";
  ObedientHandler handler(name);
  const bool trusted = name == "trusted-executor";
  return headrace::ExecutorMain(
      argc, argv, handler,
      trusted ? headrace::ExecutorProfile::kTrusted : headrace::ExecutorProfile::kMinimal);
}
