#include "http/edge/client_limit.h"

#include <utility>

namespace headrace {

struct ClientLimit::Place::State {
  Mutex mu;
  std::map<IpAddress, std::size_t> places GUARDED_BY(mu);  // only clients that have some
};

ClientLimit::Place::Place(std::shared_ptr<State> state, const IpAddress& client)
    : state_(std::move(state)), client_(client) {}

ClientLimit::Place::Place(Place&& other) noexcept
    : state_(std::move(other.state_)), client_(other.client_) {}

ClientLimit::Place& ClientLimit::Place::operator=(Place&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(client_, other.client_);
  return *this;
}

ClientLimit::Place::~Place() {
  if (!state_) return;
  const MutexLock lock(state_->mu);
  const auto found = state_->places.find(client_);
  if (--found->second == 0) state_->places.erase(found);
}

ClientLimit::ClientLimit(std::size_t most, TrustedProxies proxies)
    : most_(most), proxies_(std::move(proxies)), state_(std::make_shared<Place::State>()) {}

std::optional<ClientLimit::Place> ClientLimit::Enter(const IpAddress& client) {
  if (most_ == 0 || proxies_.Has(client)) return Place();
  {
    const MutexLock lock(state_->mu);
    std::size_t& places = state_->places[client];
    if (places >= most_) return std::nullopt;
    ++places;
  }
  return Place(state_, client);
}

}  // namespace headrace
