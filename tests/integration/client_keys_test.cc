// The client with a service that asks for keys.
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "integration/client_story.h"
#include "net/sha256.h"

namespace headrace::testing_support {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAlice = "alice-0123456789abcdef";
constexpr const char* kBob = "bob-0123456789abcdef";

class ClientKeys : public ClientStory {
 protected:
  // A file of that content which its owner alone may read.
  std::string File(const std::string& name, const std::string& content) const {
    const std::filesystem::path file = dir_.path() / name;
    std::ofstream(file) << content;
    EXPECT_EQ(::chmod(file.c_str(), 0600), 0);
    return file.string();
  }
  static std::string LineOf(const std::string& tenant, const std::string& key) {
    Sha256 sha;
    sha.Add(key);
    return fmt::format("{} {:02x}\n", tenant, fmt::join(sha.Finish(), ""));
  }
  // A service with these keys.
  [[nodiscard]] std::string Auth() const {
    const std::string keys = File("keys", LineOf("alice", kAlice) + LineOf("bob", kBob));
    return "server: {listen: '127.0.0.1:0', slots: 8}\nauth: {mode: keys, file: " + keys + "}\n";
  }
  // Runs the client with that key; none if it is empty.
  ClientEnd Run(const ServiceProcess& service, std::vector<std::string> words,
                const std::string& key) const {
    words.insert(words.end(), {"--server", Url(service.port())});
    if (!key.empty()) words.insert(words.end(), {"--key-file", File("key", key + "\n")});
    return RunClient(words);
  }
};

TEST_F(ClientKeys, AJobIsItsTenantsAlone) {
  const ServiceProcess service(kTwo, Auth());
  const ClientEnd none = Run(service, {"queues"}, "");
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.err, HasSubstr("/problems/no-key, HTTP 401"));
  EXPECT_THAT(Run(service, {"queues"}, "wrong-0123456789abcdef").err, HasSubstr("wrong-key"));
  const ClientEnd sent =
      RunClient(Sleep(service, 0, {"--async", "--key-file", File("key", kAlice)}));
  ASSERT_EQ(sent.status, 0) << sent.err;
  const std::string id = sent.out.substr(0, sent.out.find('\n'));
  EXPECT_EQ(Run(service, {"job", id, "--follow"}, kAlice).status, 0);
  EXPECT_THAT(Run(service, {"jobs"}, kAlice).out, AllOf(HasSubstr(id), HasSubstr("succeeded")));
  EXPECT_THAT(Run(service, {"jobs"}, kBob).out, Not(HasSubstr(id)));
  const ClientEnd others = Run(service, {"job", id}, kBob);
  EXPECT_NE(others.status, 0);
  EXPECT_THAT(others.err, HasSubstr("/problems/no-such-job"));
  EXPECT_NE(Run(service, {"cancel", id, "--drop"}, kBob).status, 0);
  EXPECT_EQ(Run(service, {"cancel", id, "--drop"}, kAlice).status, 0);
}

TEST_F(ClientKeys, AListIsFollowedPageByPage) {
  const ServiceProcess service(
      "  simulate: {handler: simulate, workers: 2, capacity: 200, "
      "isolation: {mode: thread}}",
      Auth());
  HttpClient client(service.port());
  constexpr int kMoreThanAPage = 101;
  for (int i = 0; i < kMoreThanAPage; ++i) {
    client.Send(
        MakeRequest("POST", "/v1/queues/simulate/jobs?ms=0", "",
                    fmt::format("Authorization: Bearer {}\r\nPrefer: respond-async\r\n", kAlice)));
    const auto answer = client.Read(Deadline::After(std::chrono::seconds(30)));
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 202) << answer->body;
  }
  const ClientEnd list = Run(service, {"jobs", "--limit", "101"}, kAlice);
  EXPECT_EQ(list.status, 0) << list.err;
  EXPECT_GT(std::count(list.out.begin(), list.out.end(), '\n'), kMoreThanAPage - 1);
}

}  // namespace
}  // namespace headrace::testing_support
