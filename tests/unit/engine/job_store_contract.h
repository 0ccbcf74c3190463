#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "store_support.h"

namespace headrace {

// What every JobStore promises (engine/job_store.h), in job_store_contract_test.cc and
// job_store_ends_test.cc. A new one is added to the list at the end of the first.
struct StoreKind {
  const char* name;
  // `folder` is empty and of the test alone.
  std::unique_ptr<JobStore> (*make)(const std::string& folder);
};

// For gtest's lists of tests.
inline std::ostream& operator<<(std::ostream& out, const StoreKind& kind) {
  return out << kind.name;
}

class JobStoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  JobStoreContract() : store(GetParam().make(folder.path())), calls(*store) {
    const auto recovered = store->Recover({"work"});
    EXPECT_TRUE(recovered) << (recovered ? "" : recovered.error().detail);
  }

  KeptJob Insert(const std::string& payload = "payload", const std::string& tenant = "") {
    const KeptJob job = MakeKept(tenant);
    EXPECT_TRUE(calls.Insert(job, payload));
    return job;
  }

  Folder folder;
  std::unique_ptr<JobStore> store;
  Awaiting calls;
};

}  // namespace headrace
