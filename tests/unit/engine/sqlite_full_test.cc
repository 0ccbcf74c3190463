#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "sqlite_fixture.h"
#include "support/in_child.h"

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
};

TEST_F(SqliteFull, KeepsWhatItTookWhenTheDatabaseCannotGrow) {
  EXPECT_EQ(testing_support::InChild([this] { return FillAndFree(500'000, 10'000, true); }), 0);
}

TEST_F(SqliteFull, KeepsWhatItTookWhenALongBodyHasNoRoom) {
  EXPECT_EQ(testing_support::InChild([this] { return FillAndFree(150'000, 200'000, false); }), 0);
}

}  // namespace
}  // namespace headrace
