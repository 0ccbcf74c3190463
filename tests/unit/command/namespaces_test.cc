// What a command sees of others that runs in namespaces of its own.
#include "handler/sandbox/namespaces.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <fstream>

#include "command/one_shot_fixture.h"
#include "support/in_child.h"
#include "support/take_layer.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;
using testing_support::FakePart;
using Kind = Failure::Kind;

std::chrono::microseconds CpuOfChildren() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

class NamespacedCommand : public testing_support::OneShotTest {
 protected:
  void SetUp() override {
    testing_support::SkipWithoutNamespaces();
    options.namespaces = true;
  }
  // What the script writes.
  std::string Output(const std::string& script) {
    Script(script);
    context.parts.clear();
    const auto failure = Run();
    if (failure) return failure->detail + "; " + context.errors;
    return context.parts.front().bytes;
  }
};

TEST_F(NamespacedCommand, SeesNoProcessesButItsOwn) {
  options.readable = {"/proc"};
#ifdef HEADRACE_SANITIZED  // where the run-time's threads take numbers as well
  EXPECT_THAT(Output("cd /proc; echo [0-9]*"), MatchesRegex("1 [2-9]\n"));
#else
  EXPECT_EQ(Output("cd /proc; echo [0-9]*"), "1 2\n");
  EXPECT_EQ(Output("sh -c 'cd /proc; echo [0-9]*; true'; true"), "1 2 3\n");
#endif
  const std::string keeper = std::to_string(getpid());
  EXPECT_EQ(Output("ls -d /proc/" + keeper + " || kill -0 " + keeper + " || echo none"), "none\n");
  options.namespaces = false;
  // The shell sorts by characters: any number may be the last.
  EXPECT_THAT(Output("cd /proc; echo [0-9]* end"), HasSubstr(" " + keeper + " "));
}

TEST_F(NamespacedCommand, SeesNoFolderOfAnotherJob) {
  const std::filesystem::path other = options.scratch_dir + "/headrace-job-z";
  std::filesystem::create_directory(other);
  const std::string file = other / "file";
  std::ofstream(file) << "another's";
  // Even where the operator grants it.
  options.readable = {options.scratch_dir};
  options.writable = {options.scratch_dir + "/."};
  EXPECT_EQ(Output("cd " + options.scratch_dir + "; set -- *; echo $#; cat " + file +
                   " 2>/dev/null; cd \"$HOME\"; echo *"),
            "1\ntmp\n");
  options.namespaces = false;
  EXPECT_EQ(Output("cat " + file), "another's");
}

TEST_F(NamespacedCommand, SeesWhatItsPathsGrantAndNothingBesideThem) {
  std::filesystem::create_directories(folder() / "models" / "cache");
  std::ofstream(folder() / "models" / "file") << "model";
  std::ofstream(folder() / "secret") << "secret";
  std::filesystem::create_symlink(folder() / "models", folder() / "link");
  options.readable = {folder() / "link/", folder() / "models" / "file"};
  options.writable = {folder() / "models" / "cache"};
  EXPECT_EQ(Output("cd " + folder().string() +
                   "; cat link/file; echo; for file in link models secret; do [ -e $file ] && echo "
                   "$file; done; echo new > models/cache/new && cat "
                   "link/cache/new; echo > models/new || echo refused"),
            "model\nlink\nmodels\nnew\nrefused\n");
  EXPECT_TRUE(std::filesystem::exists(folder() / "models" / "cache" / "new"));
}

TEST_F(NamespacedCommand, WritesNothingButItsOwnWithoutLandlockEither) {
  std::filesystem::create_directory(folder() / "shared");
  options.sandbox_required = false;
  options.readable = {folder() / "shared"};
  const int failures = testing_support::InChild([&] {
    if (!testing_support::TakeLayerAway("landlock")) return 100;
    const std::string said = Output("for d in /dev/shm /tmp /var/tmp " + folder().string() +
                                    "/shared . \"$HOME\"; do echo x 2>/dev/null > $d/new && echo "
                                    "$d; done; true");
    EXPECT_THAT(said, StartsWith(".\n/"));
    EXPECT_THAT(said, Not(HasSubstr("shared")));
    EXPECT_THAT(said, Not(HasSubstr("/tmp\n")));
    return HasFailure() ? 1 : 0;
  });
  EXPECT_EQ(failures, 0);
}

TEST_F(NamespacedCommand, HasNoRightsInThem) {
  options.readable = {"/proc"};
  const std::string caps = Output("grep -E '^Cap(Prm|Eff|Bnd|Amb)' /proc/self/status; id -u");
  const std::string none = "\t0000000000000000\n";
  EXPECT_EQ(caps, "CapPrm:" + none + "CapEff:" + none + "CapBnd:" + none + "CapAmb:" + none +
                      std::to_string(geteuid()) + "\n");
}

TEST_F(NamespacedCommand, ReachesNeitherTheServiceNorItsInit) {
  for (const pid_t process : {getppid(), 1}) {
    Evil({"reach", std::to_string(process), "=" + (folder() / "secret").string()});
    EXPECT_FALSE(Run()) << "granted";
    EXPECT_EQ(context.parts.back().bytes, "tried 31\n");
  }
}

// Numbers of the service's processes are its own here.
TEST_F(NamespacedCommand, MaySignalItsOwnProcessesWhateverTheirNumbers) {
  EXPECT_EQ(Output("sleep 600 & kill $! && wait $!; echo $?"), "143\n");
}

#ifndef HEADRACE_SANITIZED  // where a run-time's thread in each process counts as well
TEST_F(NamespacedCommand, MayHaveSoManyProcessesWhateverElseItsUserHas) {
  if (!bound()) GTEST_SKIP() << "root may start any number of processes";
  if (!NewNamespaces::CountTheirOwn()) GTEST_SKIP() << "this kernel counts by user";
  options.processes = 5;
  Evil({"count"});
  EXPECT_FALSE(Run());
  EXPECT_EQ(context.parts.back().bytes, "5\n");
}
#endif

// A child of the program's that has used some CPU time when it says so, and goes on.
constexpr const char* kBusyChild =
    "(i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo ready >&2; > flag; while :; do :; "
    "done) & ";

TEST_F(NamespacedCommand, ThatLeavesOthersBehindTellsWhatTheyUsed) {
  Script(std::string(kBusyChild) + "while [ ! -e flag ]; do :; done");
  const auto before = CpuOfChildren();
  EXPECT_FALSE(Run());
  EXPECT_GE(CpuOfChildren() - before, std::chrono::milliseconds(20));
}

TEST_F(NamespacedCommand, ThatIsKilledTellsWhatAllHaveUsed) {
  Script(std::string(kBusyChild) + "wait");
  options.grace = std::chrono::milliseconds(0);
  context.on_stderr = [this] { CloseService(); };
  const auto before = CpuOfChildren();
  EXPECT_TRUE(Run());
  EXPECT_GE(CpuOfChildren() - before, std::chrono::milliseconds(20));
}

class WithoutNamespaces : public NamespacedCommand,
                          public testing::WithParamInterface<const char*> {};

TEST_P(WithoutNamespaces, DoesNotRun) {
  options.command = {"true"};
  options.sandbox_required = false;
  const int failures = testing_support::InChild([&] {
    if (!testing_support::TakeLayerAway(GetParam())) return 100;
    const auto failure = Run();
    if (!failure || failure->kind != Kind::kInternal) return 1;
    return failure->detail.starts_with("isolation.namespaces: ") ? 0 : 2;
  });
  EXPECT_EQ(failures, 0);
}

INSTANTIATE_TEST_SUITE_P(Both, WithoutNamespaces, testing::Values("namespaces", "mounts"));

}  // namespace
}  // namespace headrace
