#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>

#include "base/sync.h"
#include "http/message/client_address.h"

namespace headrace {

// How many jobs one client may have under way at once. Thread-safe; outlived by its places.
class ClientLimit {
 public:
  // Holds a place until it is destroyed.
  class Place {
   public:
    Place() = default;
    ~Place();
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    friend class ClientLimit;
    struct State;
    Place(std::shared_ptr<State> state, const IpAddress& client);
    std::shared_ptr<State> state_;
    IpAddress client_;
  };

  // 0: no limit. Those of the proxies that hide who their clients are stand for many, so nothing is
  // counted against them.
  explicit ClientLimit(std::size_t most, TrustedProxies proxies = {});

  // Nothing if the client has as many as it may.
  std::optional<Place> Enter(const IpAddress& client);

 private:
  const std::size_t most_;
  const TrustedProxies proxies_;
  std::shared_ptr<Place::State> state_;
};

}  // namespace headrace
