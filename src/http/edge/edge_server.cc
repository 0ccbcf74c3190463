#include "http/edge/edge_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/edge/edge_handler.h"
#include "http/edge/edge_hub.h"
#include "http/edge/edge_transport.h"
#include "http/edge/pistache.h"

namespace headrace {
namespace {

constexpr int kBacklog = 4096;

// Pistache's warnings, which come with every connection that cannot be accepted: one a second.
class AcceptLog final : public Pistache::Log::StringLogger {
 public:
  void log(Pistache::Log::Level /*level*/, const std::string& message) override {
    if (limit_.Allows()) LogWarn("connections: {detail}", {{"detail", message}});
  }
  [[nodiscard]] bool isEnabledFor(Pistache::Log::Level level) const override {
    return level >= Pistache::Log::Level::LL_WARN;
  }

 private:
  LogLimit limit_;
};

constexpr std::chrono::seconds kMostStartUp{10};
// At the stop: a reactor that hangs must not keep the rest waiting.
constexpr std::chrono::seconds kMostHandOver{1};

Pistache::Http::Endpoint::Options EndpointOptions(const EdgeHub& hub, const std::string& name) {
  auto options = Pistache::Http::Endpoint::options();
  options.threads(static_cast<int>(hub.options.threads))
      .threadsName(name)
      .flags(Pistache::Tcp::Options::ReuseAddr | Pistache::Tcp::Options::NoDelay |
             Pistache::Tcp::Options::CloseOnExec)
      .backlog(kBacklog)
      .logger(std::make_shared<AcceptLog>())
      .transportFactory([](const std::shared_ptr<Pistache::Tcp::Handler>& handler) {
        return std::make_shared<EdgeTransport>(std::static_pointer_cast<EdgeHandler>(handler));
      });
  return options;
}

// Returns once each reactor has run a task that it was given now, or at the deadline.
void AwaitTurn(EdgeHub& hub, Deadline deadline) {
  std::vector<std::shared_ptr<ReactorLink>> reactors;
  {
    const MutexLock lock(hub.mu);
    reactors = hub.reactors;
  }
  for (const auto& reactor : reactors) {
    const auto turned = std::make_shared<std::promise<void>>();
    auto turn = turned->get_future();
    reactor->Post([turned] { turned->set_value(); });
    turn.wait_until(deadline.time());
  }
}

}  // namespace

struct EdgeServer::Impl {
  Impl(HttpOptions options, Site& site, std::string name)
      : hub(std::move(options), site), thread_name(std::move(name)) {}

  EdgeHub hub;
  const std::string thread_name;
  std::uint16_t port = 0;
  std::unique_ptr<Pistache::Http::Endpoint> endpoint;  // last: its threads use the hub
};

EdgeServer::EdgeServer(HttpOptions options, Site& site, std::string thread_name)
    : impl_(std::make_unique<Impl>(std::move(options), site, std::move(thread_name))) {}

EdgeServer::~EdgeServer() { Stop(); }

Status EdgeServer::Start() {
  const std::string& listen = impl_->hub.options.listen;
  if (const HttpOptions& options = impl_->hub.options; !options.tls_certificate.empty()) {
    auto tls = TlsContext::Load(options.tls_certificate, options.tls_key);
    if (!tls) return std::move(tls).error();
    impl_->hub.SetTerms({options, *std::move(tls)});
  }
  try {
    impl_->endpoint = std::make_unique<Pistache::Http::Endpoint>(Pistache::Address(listen));
    impl_->endpoint->init(EndpointOptions(impl_->hub, impl_->thread_name));
    impl_->endpoint->setHandler(std::make_shared<EdgeHandler>(impl_->hub));
    impl_->endpoint->serveThreaded();
    // Pistache's reactors must not be taken down while their threads are still starting: its
    // destructor looks at what they look at. So a server has started when each of them has turned.
    AwaitTurn(impl_->hub, Deadline::After(kMostStartUp));
    impl_->port = static_cast<std::uint16_t>(impl_->endpoint->getPort());
  } catch (const std::exception& e) {
    impl_->endpoint.reset();
    return Error{ErrorCode::kUnavailable, "listen",
                 fmt::format("cannot listen on {}: {}", listen, e.what()), "", 0};
  }
  return Ok();
}

void EdgeServer::Reload(const HttpOptions& options, std::shared_ptr<const TlsContext> tls) {
  impl_->hub.SetTerms({options, std::move(tls)});
}

std::shared_ptr<const TlsContext> EdgeServer::Tls() const { return impl_->hub.Tls(); }

void EdgeServer::AnnounceClose() { impl_->hub.state.draining.store(true); }

void EdgeServer::StopAccepting() {
  AnnounceClose();
  impl_->hub.state.ending.store(true);
  if (!impl_->endpoint) return;
  impl_->endpoint->stopAccepting();
  // The last connections are on their way to the reactors, and are counted when they are there:
  // after the turn in which a first task ran, so before a second one.
  const auto deadline = Deadline::After(kMostHandOver);
  AwaitTurn(impl_->hub, deadline);
  AwaitTurn(impl_->hub, deadline);
}

bool EdgeServer::WaitIdle(Deadline deadline) {
  const MutexLock lock(impl_->hub.mu);
  while (impl_->hub.connections > 0) {
    if (!impl_->hub.idle.WaitUntil(impl_->hub.mu, deadline)) return impl_->hub.connections == 0;
  }
  return true;
}

void EdgeServer::Stop() {
  if (!impl_->endpoint) return;
  impl_->endpoint->shutdown();
  impl_->endpoint.reset();
}

std::uint16_t EdgeServer::port() const { return impl_->port; }

Seconds EdgeServer::SinceSlowestTurn() const {
  const SteadyTime now = SteadyClock::now();
  Seconds slowest{0};
  MutexLock lock(impl_->hub.mu);
  for (const auto& reactor : impl_->hub.reactors) {
    slowest = std::max<Seconds>(slowest, now - reactor->last_turn());
  }
  return slowest;
}

}  // namespace headrace
