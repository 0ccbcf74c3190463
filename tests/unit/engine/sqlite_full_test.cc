#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "engine/sqlite/reserve.h"
#include "sqlite_fixture.h"
#include "support/in_child.h"
#include "support/small_disk.h"

namespace headrace {
namespace {

class SqliteFull : public SqliteFixture {
 protected:
  static bool LimitFiles(rlim_t bytes) {
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    return setrlimit(RLIMIT_FSIZE, &limit) == 0;
  }

  // What of this it is that does not hold, 0: nothing. In a process of its own, whose files the
  // kernel lets grow to `bytes` only.
  // `stays`: the store is of no use until there is room; else a probe, which is short, may have
  // found that it works before anybody looks.
  int FillAndFree(rlim_t bytes, std::size_t payload, bool stays) {
    signal(SIGXFSZ, SIG_IGN);
    if (!LimitFiles(bytes)) return 1;
    Open();
    std::vector<std::string> kept;
    Status last = Ok();
    for (int i = 0; i < 1000 && last; ++i) {
      const KeptJob job = MakeKept();
      last = calls->Insert(job, std::string(payload, 'x'));
      if (last) kept.push_back(job.id);
    }
    if (last || last.error().code != ErrorCode::kUnavailable) return 2;
    if (stays && !Eventually([&] { return !store->Healthy().empty(); })) return 3;
    if (!LimitFiles(RLIM_INFINITY)) return 4;
    if (!Eventually([&] { return store->Healthy().empty(); })) return 5;
    const KeptJob job = MakeKept();
    if (!calls->Insert(job, std::string(payload, 'x'))) return 6;
    kept.push_back(job.id);
    Reopen();
    if (recovered.unfinished.size() != kept.size()) return 7;
    for (const std::string& id : kept) {
      const auto loaded = store->LoadPayload(id);
      if (!loaded || loaded->size() != payload) return 8;
    }
    return 0;
  }

  static constexpr std::chrono::hours kTtl{1};

  // Jobs whose results lie in files, or in the database, until the disk takes no more; their ids.
  std::vector<std::string> FillWithResults(std::size_t size) {
    std::vector<std::string> ended;
    for (int i = 0; i < 10'000; ++i) {
      const KeptJob job = MakeKept();
      if (!calls->Insert(job, "payload")) break;
      JobEnd end = Succeeded({MakePart("part", std::string(size, 'x'))});
      end.keep = kTtl;
      if (!calls->End(job.id, end)) break;
      ended.push_back(job.id);
    }
    return ended;
  }

  // Takes what room is left, so that not even a short record has any.
  bool FillUp() {
    const UniqueFd file(open((folder.path() / "others").c_str(), O_WRONLY | O_CREAT, 0600));
    const std::string page(4096, 'x');
    while (write(file.get(), page.data(), page.size()) > 0) {
    }
    return errno == ENOSPC;
  }

  // What of this it is that does not hold, 0: nothing. In a process of its own.
  int FillAndExpire(std::size_t result, bool restarts) {
    if (!testing_support::MountSmallDisk(folder.path(), std::size_t{16} << 20U)) return kNoDisk;
    options.clock = clock.Clock();
    Open();
    if (!Eventually([&] { return HasReserve(); })) return 1;
    const auto ended = FillWithResults(result);
    if (ended.empty() || !FillUp()) return 2;
    while (calls->Insert(MakeKept(), "payload")) {
    }
    if (!Eventually([&] { return !store->Healthy().empty(); })) return 3;
    clock.Pass(kTtl + std::chrono::hours(1));
    if (restarts) Reopen();
    if (!Eventually([&] { return store->Healthy().empty() && HasReserve(); })) return 4;
    const KeptJob job = MakeKept();
    if (!calls->Insert(job, "payload")) return 5;
    return Eventually([&] { return !calls->Load(ended.back()); }) ? 0 : 6;
  }

  [[nodiscard]] bool HasReserve() const {
    std::error_code none;
    return std::filesystem::file_size(options.path + "/reserve", none) == sqlite::Reserve::kBytes;
  }

  void ExpectRoomAgain(std::size_t result, bool restarts) {
    const int missed =
        testing_support::InChild([=, this] { return FillAndExpire(result, restarts); });
    if (missed == kNoDisk) GTEST_SKIP() << "this system mounts no disk for a test";
    EXPECT_EQ(missed, 0);
  }

  static constexpr int kNoDisk = 77;
};

TEST_F(SqliteFull, KeepsWhatItTookWhenTheDatabaseCannotGrow) {
  EXPECT_EQ(testing_support::InChild([this] { return FillAndFree(500'000, 10'000, true); }), 0);
}

TEST_F(SqliteFull, KeepsWhatItTookWhenALongBodyHasNoRoom) {
  EXPECT_EQ(testing_support::InChild([this] { return FillAndFree(150'000, 200'000, false); }), 0);
}

TEST_F(SqliteFull, WorksAgainOnceTheResultsInFilesThatFilledItAreOver) {
  ExpectRoomAgain(200'000, false);
}

TEST_F(SqliteFull, WorksAgainOnceTheResultsInTheDatabaseThatFilledItAreOver) {
  ExpectRoomAgain(20'000, false);
}

TEST_F(SqliteFull, StartsThoughWhatIsOverFillsTheDisk) { ExpectRoomAgain(200'000, true); }

}  // namespace
}  // namespace headrace
