// Tells a webhook of a job's end and leaves when it has been told: webhook-teller URL SECRETS_FILE.
// For webhook_test.py. The waiting between attempts is left out.
#include <cstdio>
#include <memory>
#include <string>

#include "base/payload.h"
#include "base/timer.h"
#include "service/webhook_secrets.h"
#include "service/webhooks.h"
#include "support/event.h"

namespace headrace {
namespace {

JobRecord Record(const std::string& url) {
  JobRecord record;
  record.job.id = "01JTELLER";
  record.job.queue = "scan";
  record.job.webhook_url = url;
  record.job.accepted = UtcNow();
  record.state = JobState::kSucceeded;
  record.end.emplace();
  record.end->ended = UtcNow();
  ResultPart part;
  part.name = "gr\xC3\xBC\xC3\x9F.txt";
  part.media_type = "text/plain";
  part.bytes = Payload::FromString(std::string("any\0bytes\xFF", 10));
  record.end->outcome.parts.push_back(part);
  return record;
}

int Tell(const std::string& url, const std::string& secrets_file) {
  WebhookOptions options;
  options.policy = {{"127.0.0.1"}, true, true};
  options.keys = LoadWebhookSecrets(secrets_file).keys;
  Event over;
  WebhookSeams seams;
  seams.load = [&](const std::string&, const PartBytes&, const WebhookSeams::Found& found) {
    found(std::optional(Record(url)));
  };
  seams.set_delivery = [&](const std::string&, const std::optional<PendingDelivery>& next) {
    if (!next) over.Set();
  };
  auto timer = std::make_unique<Timer>();
  seams.at = [&](SteadyTime, std::function<void()> callback) {
    timer->Schedule(Deadline::After({}), std::move(callback));
  };
  seams.status = [](const JobRecord& record) {
    return JsonMembers{{"job_id", Json::String(record.job.id)}};
  };
  Webhooks webhooks(options, std::move(seams));
  webhooks.Deliver("01JTELLER");
  const bool told = over.Wait();
  webhooks.Stop();
  timer.reset();
  std::printf("sent=%d\n", static_cast<int>(webhooks.Figures().sent));
  return told ? 0 : 1;
}

}  // namespace
}  // namespace headrace

int main(int argc, char** argv) { return argc == 3 ? headrace::Tell(argv[1], argv[2]) : 2; }
