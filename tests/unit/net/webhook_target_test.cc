// Whom a webhook is told: who is trusted, and which addresses are never called.
#include <gmock/gmock.h>
#include <netdb.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "net/address_guard.h"
#include "unit/net/names.h"
#include "unit/net/tls_server.h"
#include "unit/net/webhook_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing_support::Answering;
using testing_support::AnswerText;
using testing_support::ServedRequest;
using testing_support::SetName;

class WebhookGuard : public WebhookClientTest {
 protected:
  WebhookGuard() { options_.allow_private = false; }

  [[nodiscard]] std::string Url(const std::string& host) const {
    return "http://" + host + ":" + std::to_string(server_.port()) + "/";
  }

  const Server server_{Answering([](const ServedRequest&) { return AnswerText(200); })};
};

TEST_F(WebhookGuard, RefusesAnAddressOfThisMachineHoweverItIsWritten) {
  for (const char* const host :
       {"127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "017700000001", "[::1]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "0.0.0.0", "0"}) {
    const WebhookAnswer answer = Post(Url(host));
    EXPECT_EQ(answer.end, WebhookEnd::kRefused) << host << ": " << answer.detail;
    EXPECT_THAT(answer.detail, HasSubstr("its address is refused")) << host;
  }
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(WebhookGuard, RefusesANameOfWhichAllAddressesArePrivate) {
  SetName("inside.test", [](int) {
    return std::vector<std::string>{"127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"};
  });
  EXPECT_EQ(Post(Url("inside.test")).end, WebhookEnd::kRefused);
  EXPECT_EQ(server_.connections(), 0);
}

// Whoever checks the name first, and connects to it then, is told two different things.
TEST_F(WebhookGuard, GivesNothingToANameThatChangesItsAddressAfterACheck) {
  SetName("rebinds.test", [](int before) {
    return std::vector<std::string>{before == 0 ? "8.8.8.8" : "127.0.0.1"};
  });
  addrinfo* found = nullptr;
  ASSERT_EQ(::getaddrinfo("rebinds.test", nullptr, nullptr, &found), 0);
  EXPECT_EQ(AddressRefusal(found->ai_addr, found->ai_addrlen, false), "");
  ::freeaddrinfo(found);

  const WebhookAnswer answer = Post(Url("rebinds.test"));
  EXPECT_EQ(answer.end, WebhookEnd::kRefused);
  EXPECT_THAT(answer.detail, HasSubstr("loopback"));
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(WebhookGuard, JudgesEveryAddressOfANameByItself) {
  options_.allow_private = true;
  SetName("mixed.test", [](int) {
    return std::vector<std::string>{"169.254.169.254", "127.0.0.1"};
  });
  EXPECT_EQ(Post(Url("mixed.test")).status, 200);
}

TEST_F(WebhookGuard, AsksAgainForANameThatWasNotFound) {
  options_.allow_private = true;
  SetName("late.test", [](int before) {
    return before == 0 ? std::vector<std::string>{} : std::vector<std::string>{"127.0.0.1"};
  });
  EXPECT_EQ(Post(Url("late.test")).end, WebhookEnd::kFailed);
  EXPECT_EQ(Post(Url("late.test")).status, 200);
}

TEST_F(WebhookGuard, SpeaksNothingButHttpsUnlessItIsTold) {
  options_.allow_private = true;
  const std::string port = std::to_string(server_.port());
  for (const std::string scheme : {"ftp", "gopher", "file", "dict", "telnet", "smtp"}) {
    EXPECT_EQ(Post(scheme + "://127.0.0.1:" + port + "/").end, WebhookEnd::kRefused) << scheme;
  }
  EXPECT_EQ(Post("http://user:secret@127.0.0.1:" + port + "/").end, WebhookEnd::kRefused);
  client_.reset();
  options_.allow_http = false;
  EXPECT_EQ(Post(Url("127.0.0.1")).end, WebhookEnd::kRefused);
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(WebhookGuard, AsksNoProxyOfTheEnvironment) {
  options_.allow_private = true;
  const Server proxy(Answering([](const ServedRequest&) { return AnswerText(500); }));
  for (const char* const name : {"http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"}) {
    ::setenv(name, proxy.Url("").c_str(), 1);
  }
  EXPECT_EQ(Post(Url("127.0.0.1")).status, 200);
  for (const char* const name : {"http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"}) {
    ::unsetenv(name);
  }
  EXPECT_EQ(proxy.connections(), 0);
}

class WebhookTls : public WebhookClientTest {
 protected:
  WebhookTls()
      : folder_(std::filesystem::temp_directory_path() /
                ("headrace-webhook-tls-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's server writes to clients that have left
    options_.allow_http = false;
    options_.ca_file = folder_ / "ca.pem";
    SetName("receiver.test", [](int) { return std::vector<std::string>{"127.0.0.1"}; });
  }
  ~WebhookTls() override { std::filesystem::remove_all(folder_); }

  WebhookAnswer Ask(const Identity& identity) {
    const Server server([&](Connection& connection) { ServeTls(identity, connection.fd()); });
    return Post("https://receiver.test:" + std::to_string(server.port()) + "/");
  }

  const std::filesystem::path folder_;
};

TEST_F(WebhookTls, TrustsTheAuthorityOfItsFileForTheNamesInItsCertificate) {
  const Identity identity("receiver.test", "DNS");
  identity.Write(options_.ca_file);
  const WebhookAnswer answer = Ask(identity);
  EXPECT_EQ(answer.status, 200) << answer.detail;
}

TEST_F(WebhookTls, TrustsNobodyElse) {
  const Identity other("other.test", "DNS");
  other.Write(options_.ca_file);
  EXPECT_THAT(Ask(Identity("receiver.test", "DNS")).detail, HasSubstr("certificate"));
  const WebhookAnswer misnamed = Ask(other);
  EXPECT_EQ(misnamed.end, WebhookEnd::kFailed);
  EXPECT_EQ(misnamed.status, 0);
}

TEST_F(WebhookTls, TrustsNobodyWithAFileThatHoldsNoAuthority) {
  std::ofstream(options_.ca_file) << "nothing\n";
  EXPECT_EQ(Ask(Identity("receiver.test", "DNS")).end, WebhookEnd::kFailed);
}

}  // namespace
}  // namespace headrace
