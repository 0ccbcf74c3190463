// The client as its user starts it, with a service that is well.
#include "integration/client_story.h"

#include <atomic>

namespace headrace::testing_support {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(ClientStory, PagesOfADocumentLandInTheFolder) {
  const ServiceProcess service(kPdf);
  const ClientEnd end = RunClient(Pdf(service, {kSample, "--param", "dpi=72"}));
  ASSERT_EQ(end.status, 0) << end.err;
  EXPECT_THAT(Names(Out()), ElementsAre("page-0001.png", "page-0002.png", "page-0003.png"));
  for (const std::string& name : Names(Out())) {
    const std::string png = Text(Out() / name);
    EXPECT_THAT(png, StartsWith("\x89PNG\r\n\x1a\n"));
    EXPECT_EQ(png.substr(png.size() - 8, 4), "IEND");
    // The same bytes as a plain request brings.
    const std::string page = name.substr(8, 1);
    const HttpAnswer answer =
        service.Post("/v1/queues/pdf-to-image/jobs?dpi=72&pages=" + page, Text(kSample));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(png == answer.body);
  }
  EXPECT_EQ(end.out, fmt::format("{0}/page-0001.png\n{0}/page-0002.png\n{0}/page-0003.png\n",
                                 Out().string()));
  EXPECT_THAT(end.err, HasSubstr("done, 3 files"));
}

TEST_F(ClientStory, OneRequestBringsTheSame) {
  const ServiceProcess service(kPdf);
  ASSERT_EQ(RunClient(Pdf(service, {kSample, "--param", "dpi=20"})).status, 0);
  const std::string followed = Text(Out() / "page-0002.png");
  const ClientEnd end =
      RunClient(Pdf(service, {kSample, "--param", "dpi=20", "--wait", "--force", "--quiet"}));
  ASSERT_EQ(end.status, 0) << end.err;
  EXPECT_EQ(end.err, "");
  EXPECT_TRUE(Text(Out() / "page-0002.png") == followed);
  EXPECT_EQ(Names(Out()).size(), 3U);
}

TEST_F(ClientStory, AServiceThatDoesNotKeepJobsIsNoTrouble) {
  const ServiceProcess service(kPdf, "server: {listen: '127.0.0.1:0', slots: 8, async: false}\n");
  const ClientEnd end = RunClient(Pdf(service, {kSample, "--param", "dpi=20"}));
  ASSERT_EQ(end.status, 0) << end.err;
  EXPECT_EQ(Names(Out()).size(), 3U);
}

TEST_F(ClientStory, StandardInputIsAFileToo) {
  const ServiceProcess service(kPdf);
  ClientProcess::Options options;
  options.input = Text(kSample);
  const ClientEnd end = RunClient(Pdf(service, {"-", "--param", "format=txt"}), options);
  ASSERT_EQ(end.status, 0) << end.err;
  EXPECT_THAT(Text(Out() / "page-0001.txt"), HasSubstr("CPU-heavy work"));
}

TEST_F(ClientStory, SeveralFilesHaveFoldersOfTheirOwn) {
  const ServiceProcess service(kPdf);
  const ClientEnd end = RunClient(
      Pdf(service, {kSample, HEADRACE_TEST_DATA "/boxes.pdf", HEADRACE_TEST_DATA "/locked.pdf",
                    "--param", "dpi=20", "--param", "pages=1"}));
  EXPECT_EQ(end.status, 1) << "the locked one fails, the others do not";
  EXPECT_THAT(Names(Out()), ElementsAre("boxes/page-0001.png", "sample/page-0001.png"));
  EXPECT_THAT(end.err, HasSubstr("locked.pdf: the job failed"));
  EXPECT_THAT(end.err, HasSubstr("/problems/pdf-password-required, HTTP 422)"));
}

TEST_F(ClientStory, APasswordComesFromAFile) {
  const ServiceProcess service(kPdf);
  const std::string file = dir_.path() / "password";
  std::ofstream(file) << "wrong\n";
  const ClientEnd end = RunClient(
      Pdf(service, {HEADRACE_TEST_DATA "/locked.pdf", "--param-file", "password=" + file}));
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.err, HasSubstr("/problems/pdf-password"));
  const ClientEnd query =
      RunClient(Pdf(service, {HEADRACE_TEST_DATA "/locked.pdf", "--param", "password=wrong"}));
  EXPECT_EQ(query.status, 2) << "refused: " << query.err;
}

TEST_F(ClientStory, WhatIsRefusedIs2AndSaysWhy) {
  const ServiceProcess service(kPdf);
  const ClientEnd bad = RunClient(Pdf(service, {kSample, "--param", "dpi=lots"}));
  EXPECT_EQ(bad.status, 2);
  EXPECT_THAT(bad.err, AllOf(HasSubstr("headrace: "), HasSubstr("dpi"), HasSubstr("HTTP 422)")));
  const ClientEnd queue = RunClient(Submit(service.port(), "nope", {kSample}));
  EXPECT_EQ(queue.status, 2);
  EXPECT_THAT(queue.err, HasSubstr("/problems/no-such-queue, HTTP 404)"));
  const ClientEnd file = RunClient(Pdf(service, {"/no/such/file.pdf"}));
  EXPECT_EQ(file.status, 2);
  EXPECT_THAT(file.err, HasSubstr("cannot read /no/such/file.pdf: No such file or directory"));
  EXPECT_THAT(Names(Out()), IsEmpty());
}

TEST_F(ClientStory, WrongUsageIs2) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"submit"},
        {"submit", "a", "--queue"},
        {"submit", "a", "--queue", "q", "--async", "--wait"},
        {"submit", "a", "--queue", "q", "--priority", "8"},
        {"submit", "a", "--queue", "q", "--parallel", "0"},
        {"submit", "a", "--queue", "q", "--param", "dpi"},
        {"submit", "a", "--queue", "q", "--param", "x=1", "--param", "x=2"},
        {"submit", "a", "--queue", "q", "--param-file", "x=/no/such/file"},
        {"submit", "a", "--queue", "q", "--timeout", "soon"},
        {"job"},
        {"jobs", "--limit", "0"},
        {"queues", "--server", "ftp://a"},
        {"queues", "--key-file", "/no/such/file"},
        {"queues", "--ca-file", "/no/such/file"},
        {"cancel", "../queues"}}) {
    const ClientEnd end = RunClient(words);
    EXPECT_EQ(end.status, 2) << words.front() << ": " << end.err;
    EXPECT_THAT(end.err, Not(IsEmpty()));
    EXPECT_EQ(end.out, "");
  }
}

TEST_F(ClientStory, HelpNamesTheCommandsAndTheExitStatus) {
  const ClientEnd all = RunClient({"--help"});
  EXPECT_EQ(all.status, 0);
  for (const char* name : {"submit", "jobs", "job", "result", "cancel", "queues", "serve"}) {
    EXPECT_THAT(all.out, HasSubstr(fmt::format("\n  {} ", name)));
  }
  const ClientEnd submit = RunClient({"submit", "--help"});
  EXPECT_EQ(submit.status, 0);
  EXPECT_THAT(submit.out, AllOf(HasSubstr("Exit status"), HasSubstr("HEADRACE_SERVER"),
                                HasSubstr("--param-file")));
}

TEST_F(ClientStory, AJobIsSentNowAndFetchedLater) {
  const ServiceProcess service(kPdf);
  ClientProcess::Options options;
  options.environment = {"HEADRACE_SERVER=" + Url(service.port())};
  const ClientEnd sent = RunClient(
      {"submit", kSample, "--queue", "pdf-to-image", "--param", "dpi=20", "--async"}, options);
  ASSERT_EQ(sent.status, 0) << sent.err;
  const std::string id = sent.out.substr(0, sent.out.find('\n'));
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(RunClient({"job", id, "--follow"}, options).status, 0);
  const ClientEnd job = RunClient({"job", id}, options);
  EXPECT_THAT(job.out, AllOf(HasSubstr("state           succeeded"), HasSubstr("page-0003.png")));
  const ClientEnd json = RunClient({"job", id, "--json"}, options);
  EXPECT_EQ(json.out, service.Get("/v1/jobs/" + id).body);
  const ClientEnd result = RunClient({"result", id, "-o", Out()}, options);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Names(Out()).size(), 3U);
  EXPECT_EQ(RunClient({"cancel", id}, options).status, 2) << "it has ended";
  EXPECT_EQ(RunClient({"cancel", id, "--drop"}, options).out,
            id + ": succeeded, its result is dropped\n");
  EXPECT_EQ(RunClient({"result", id, "-o", Out(), "--force"}, options).status, 2);
}

TEST_F(ClientStory, CancelEndsAJobAndWhoFollowsItIsTold) {
  const ServiceProcess service(kTwo);
  ClientProcess follower(Sleep(service, 30'000));
  ASSERT_TRUE(follower.AwaitError("standard input: running"));
  const std::string url = Url(service.port());
  const ClientEnd sent = RunClient(Sleep(service, 30'000, {"--async"}));
  const std::string id = sent.out.substr(0, sent.out.find('\n'));
  EXPECT_EQ(RunClient({"result", id, "--server", url, "-o", Out()}).status, 3) << "not ended";
  const ClientEnd cancelled = RunClient({"cancel", id, "--server", url});
  EXPECT_EQ(cancelled.status, 0) << cancelled.err;
  EXPECT_EQ(cancelled.out, id + ": cancelled\n");
  EXPECT_EQ(RunClient({"job", id, "--follow", "--server", url}).status, 1);
  follower.Signal(SIGINT);
  EXPECT_EQ(follower.Wait().status, 130);
}

TEST_F(ClientStory, QueuesAreListedAndJobsAreRefusedWithoutKeys) {
  const ServiceProcess service(std::string(kPdf) + "\n" + kTwo);
  const std::string url = Url(service.port());
  const ClientEnd queues = RunClient({"queues", "--server", url});
  EXPECT_EQ(queues.status, 0) << queues.err;
  EXPECT_THAT(queues.out, AllOf(StartsWith("QUEUE"), HasSubstr("\npdf-to-image  pdf-to-image"),
                                HasSubstr("\nsimulate      simulate")));
  const ClientEnd json = RunClient({"queues", "--server", url, "--json"});
  EXPECT_THAT(json.out, StartsWith("{\"queues\":["));
  const ClientEnd jobs = RunClient({"jobs", "--server", url});
  EXPECT_EQ(jobs.status, 2);
  EXPECT_THAT(jobs.err, StartsWith("headrace: "));
}

TEST_F(ClientStory, TheKeyComesFromAFileAndIsNeverShown) {
  std::atomic<bool> seen{false};
  const ScriptedServer server(Answering([&](const ServedRequest& request) {
    seen = request.Field("Authorization") == "Bearer 0123456789abcdef";
    return AnswerText(200, R"({"queues":[]})", "Content-Type: application/json\r\n");
  }));
  const std::string file = dir_.path() / "key";
  std::ofstream(file) << "0123456789abcdef\n";
  using std::filesystem::perms;
  std::filesystem::permissions(file, perms::owner_read | perms::others_read);
  ClientProcess::Options options;
  options.environment = {"HEADRACE_SERVER=" + server.Url(""), "HEADRACE_KEY_FILE=" + file};
  const ClientEnd open = RunClient({"queues"}, options);
  EXPECT_EQ(open.status, 0) << open.err;
  EXPECT_THAT(open.err, AllOf(HasSubstr("warning"), Not(HasSubstr("0123456789abcdef"))));
  EXPECT_TRUE(seen);
  std::filesystem::permissions(file, perms::owner_read);
  EXPECT_EQ(RunClient({"queues"}, options).err, "");
}

TEST_F(ClientStory, TheServiceStartsWithTheClientsVariables) {
  const std::string file = dir_.path() / "headrace.yaml";
  std::ofstream(file) << "queues:\n" << kTwo << "\n";
  ClientProcess::Options options;
  options.environment = {"HEADRACE_SERVER=http://a", "HEADRACE_KEY_FILE=/k"};
  const ClientEnd end = RunClient({"check", "--config", file}, options);
  EXPECT_EQ(end.status, 0) << end.err;
}

}  // namespace
}  // namespace headrace::testing_support
