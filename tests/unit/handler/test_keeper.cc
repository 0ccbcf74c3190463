// A keeper whose program is a fork of itself that waits, and which does what a job's `do` says. Its
// arguments are a folder, where a file tells of each keeper and each program that lives, and how it
// behaves.

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "handler/executor/executor_context.h"
#include "handler/executor/executor_main.h"
#include "handler/executor/executor_wire.h"
#include "handler/executor/keeper.h"
#include "handler/frames/part_check.h"
#include "test_tasks.h"

namespace {

using headrace::Add;
using headrace::Answer;
using headrace::Context;
using headrace::Failure;
using headrace::Job;
using headrace::KeeperContext;
using headrace::Param;
using headrace::WaitForEver;
namespace fs = std::filesystem;

// How many Ends wait for each other in mode "together".
constexpr int kTogether = 3;

void Touch(const fs::path& path) { const std::ofstream file(path); }

rlim_t Limit(__rlimit_resource resource) {
  rlimit limit{};
  getrlimit(resource, &limit);
  return limit.rlim_cur;
}

bool TermIsBlocked() {
  sigset_t blocked;
  sigprocmask(SIG_BLOCK, nullptr, &blocked);
  return sigismember(&blocked, SIGTERM) == 1;
}

// What a process may know of itself, a line each.
Answer Inspect(Context& context) {
  int signal = 0;
  int reaper = 0;
  prctl(PR_GET_PDEATHSIG, &signal);
  prctl(PR_GET_CHILD_SUBREAPER, &reaper);
  std::ostringstream out;
  out << "pdeathsig " << signal << "\nsubreaper " << reaper << "\nblocked " << TermIsBlocked()
      << "\nno_new_privs " << prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) << "\ndumpable "
      << prctl(PR_GET_DUMPABLE) << "\nnofile " << Limit(RLIMIT_NOFILE) << "\ncore "
      << Limit(RLIMIT_CORE) << "\nendless " << (Limit(RLIMIT_AS) == RLIM_INFINITY)
      << (Limit(RLIMIT_CPU) == RLIM_INFINITY) << (Limit(RLIMIT_FSIZE) == RLIM_INFINITY)
      << "\ncloexec " << fcntl(headrace::kExecutorSocket, F_GETFD) << '\n';
  std::ifstream score("/proc/self/oom_score_adj");
  out << "oom_score_adj " << score.rdbuf();
  return Add(context, "self.txt", out.str());
}

// By the descriptor, as another program would.
Answer Echo(const Job& job, Context& context) {
  std::string bytes(job.payload.size(), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got =
        pread(job.payload_fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got <= 0) throw std::runtime_error("the payload cannot be read");
    done += static_cast<std::size_t>(got);
  }
  return Add(context, "echo", job.payload_fd == -1 ? "no payload" : bytes);
}

// A part of `size` bytes in pieces, with something said in between.
Answer Pieces(const Job& job, KeeperContext& context) {
  const std::size_t size = std::stoul(Param(job, "size", "100000"));
  const int part = context.OpenPart("pieces", "text/plain", size);
  if (part < 0) return std::nullopt;
  if (!context.AddPart("other", "text/plain", {})) context.Stderr("no other part\n");
  const std::string piece(1000, 'p');
  std::uint32_t crc = 0;
  for (std::size_t done = 0; done < size; done += piece.size()) {
    if (write(part, piece.data(), piece.size()) < 0) return std::nullopt;
    crc = headrace::Crc32(std::as_bytes(std::span(piece)), crc);
  }
  if (Param(job, "give-up", "no") == "yes")
    return Failure{Failure::Kind::kBadPayload, "gave-up", "in the middle", ""};
  static_cast<void>(context.ClosePart(crc));
  return Add(context, "after", "more");
}

Answer Say(const Job& job, KeeperContext& context) {
  context.Stderr(Param(job, "text", ""));
  context.Stderr(Param(job, "more", ""));
  return std::nullopt;
}

Answer SayWithoutEnd(KeeperContext& context) {
  const std::string text(headrace::kMaxStderr, 'x');
  while (!context.Cancelled()) context.Stderr(text);
  return std::nullopt;
}

Answer TellUsage(const Job& job, KeeperContext& context) {
  const int times = std::stoi(Param(job, "times", "1"));
  for (int i = 0; i < times; ++i) context.Usage(std::chrono::milliseconds(1), 12'345'678'901);
  return std::nullopt;
}

Answer FailOf(Failure::Kind kind) {
  return Failure{kind, "some-type", kind == Failure::Kind::kCrashed ? "" : "hint", "the program"};
}

class TestKeeper final : public headrace::Handler, public headrace::Keeper {
 public:
  TestKeeper(fs::path folder, std::string mode)
      : folder_(std::move(folder)), mode_(std::move(mode)) {}

  std::optional<std::string> Begin() override {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    term_ = signalfd(-1, &term, SFD_CLOEXEC);
    Touch(Mark("keeper", getpid()));
    Start([] {});
    if (mode_ == "unfit") return "the model\x1B file is missing";
    if (mode_ == "throws") throw std::runtime_error("the model file is broken");
    while (mode_ == "slow" && !fs::exists(folder_ / "go")) {
      if (IsTold(/*timeout=*/5)) return "it was told to end";
    }
    return std::nullopt;
  }

  bool AwaitJob(int socket) override {
    std::array<pollfd, 2> polled{pollfd{socket, POLLIN, 0}, pollfd{term_, POLLIN, 0}};
    if (mode_ == "stubborn") polled[1].fd = -1;
    poll(polled.data(), polled.size(), -1);
    return polled[1].revents == 0 && (polled[0].revents & POLLHUP) == 0;
  }

  bool TakesMore() const override { return !last_; }

  void End() override {
    if (mode_ == "stubborn") WaitForEver();
    if (mode_ == "together") AwaitOthers();
    for (const pid_t program : programs_) {
      kill(program, SIGKILL);
      waitpid(program, nullptr, 0);
      fs::remove(Mark("program", program));
    }
    programs_.clear();
    fs::remove(Mark("keeper", getpid()));
  }

  Answer Run(const Job& job, Context& plain) override {
    auto& context = static_cast<KeeperContext&>(plain);
    const std::map<std::string, std::function<Answer()>> actions{
        {"nothing", [] { return std::nullopt; }},
        {"pid", [&] { return Add(context, "pid", std::to_string(getpid())); }},
        {"inspect", [&] { return Inspect(context); }},
        {"echo", [&] { return Echo(job, context); }},
        {"pieces", [&] { return Pieces(job, context); }},
        {"say", [&] { return Say(job, context); }},
        {"say-without-end", [&] { return SayWithoutEnd(context); }},
        {"usage", [&] { return TellUsage(job, context); }},
        {"burn", [&] { return Burn(job, context); }},
        {"crashed", [] { return FailOf(Failure::Kind::kCrashed); }},
        {"cpu-limit", [] { return FailOf(Failure::Kind::kCpuLimit); }},
        {"retry", [] { return FailOf(Failure::Kind::kRetry); }},
        {"internal", [] { return FailOf(Failure::Kind::kInternal); }},
        {"sleep", [&] { return Sleep(); }},
        {"ignore", [&]() -> Answer { WaitForEver(); }},
        {"die", []() -> Answer { _exit(9); }},
        {"last", [&] { return Last(context); }},
    };
    return actions.at(Param(job, "do", "nothing"))();
  }

 private:
  [[nodiscard]] fs::path Mark(const char* what, pid_t pid) const {
    return folder_ / (std::string(what) + "-" + std::to_string(pid));
  }

  // Starts a program that does this and then waits; it does not outlive its keeper.
  void Start(const std::function<void()>& work) {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      work();
      WaitForEver();
    }
    programs_.push_back(pid);
    Touch(Mark("program", pid));
  }

  [[nodiscard]] bool IsTold(int timeout) const {
    pollfd told{term_, POLLIN, 0};
    return poll(&told, 1, timeout) == 1;
  }

  Answer Last(Context& context) {
    last_ = true;
    return Add(context, "pid", std::to_string(getpid()));
  }

  Answer Sleep() const {
    static_cast<void>(IsTold(/*timeout=*/-1));
    return FailOf(Failure::Kind::kInternal);
  }

  // Has a program burn CPU time that only the keeper can tell of before it ends.
  Answer Burn(const Job& job, KeeperContext& context) {
    const std::chrono::milliseconds time(std::stoi(Param(job, "ms", "200")));
    std::array<int, 2> burnt{};
    if (pipe2(burnt.data(), O_CLOEXEC) != 0) return FailOf(Failure::Kind::kInternal);
    Start([&] {
      const auto end = std::clock() + time.count() * CLOCKS_PER_SEC / 1000;
      while (std::clock() < end) continue;
      static_cast<void>(write(burnt[1], "x", 1) == 1);
    });
    char letter = 0;
    static_cast<void>(read(burnt[0], &letter, 1) == 1);
    close(burnt[0]);
    close(burnt[1]);
    context.Usage(time, 0);
    return std::nullopt;
  }

  void AwaitOthers() const {
    Touch(Mark("ending", getpid()));
    int ending = 0;
    while (ending < kTogether) {
      ending = 0;
      for (const auto& entry : fs::directory_iterator(folder_)) {
        if (entry.path().filename().string().starts_with("ending")) ++ending;
      }
    }
  }

  const fs::path folder_;
  const std::string mode_;
  int term_ = -1;
  bool last_ = false;
  std::vector<pid_t> programs_;
};

}  // namespace

int main(int argc, char** argv) {
  constexpr int kArguments = 5;
  if (argc != kArguments) return 2;
  TestKeeper keeper(argv[3], argv[4]);
  return headrace::ExecutorMain(argc, argv, keeper, headrace::ExecutorProfile::kKeeper, &keeper);
}
