#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace headrace {

// Lines of ids, one for each host: which one may go next, so that no host has more than its share
// at once and all take their turns; and so do the tenants in the line of one host, however many ids
// each of them has there. An empty line is forgotten. Not thread-safe.
class FairLines {
 public:
  struct Next {
    std::string host;
    std::string id;
  };

  FairLines(std::size_t at_once, std::size_t at_once_per_host)
      : at_once_(at_once), per_host_(at_once_per_host) {}

  void Add(const std::string& host, const std::string& tenant, std::string id) {
    Line& line = lines_[host];
    auto& ids = line.ids[tenant];
    if (ids.empty()) line.tenants.push_back(tenant);
    ids.push_back(std::move(id));
    TakeTurn(host, line);
  }

  // The next one, which is active until Leave(host); nothing while nobody may go.
  std::optional<Next> Take() {
    if (active_ >= at_once_ || turns_.empty()) return std::nullopt;
    Next next{std::move(turns_.front()), {}};
    turns_.pop_front();
    Line& line = lines_.find(next.host)->second;
    line.has_turn = false;
    next.id = line.TakeId();
    ++line.active;
    ++active_;
    TakeTurn(next.host, line);
    return next;
  }

  // The active one goes on as one of another host, if that has room for it and nobody waits there.
  bool Move(const std::string& from, const std::string& to) {
    const auto found = lines_.find(to);
    if (found != lines_.end() &&
        (found->second.active >= per_host_ || !found->second.tenants.empty())) {
      return false;
    }
    ++lines_[to].active;
    ++active_;
    Leave(from);
    return true;
  }

  void Leave(const std::string& host) {
    const auto found = lines_.find(host);
    --found->second.active;
    --active_;
    TakeTurn(host, found->second);
    if (found->second.tenants.empty() && found->second.active == 0) lines_.erase(found);
  }

 private:
  struct Line {
    std::map<std::string, std::deque<std::string>> ids;  // by tenants, none of them empty
    std::deque<std::string> tenants;                     // of those, in their turns
    std::size_t active = 0;
    bool has_turn = false;

    std::string TakeId() {
      std::string tenant = std::move(tenants.front());
      tenants.pop_front();
      const auto found = ids.find(tenant);
      std::string id = std::move(found->second.front());
      found->second.pop_front();
      if (found->second.empty()) {
        ids.erase(found);
      } else {
        tenants.push_back(std::move(tenant));
      }
      return id;
    }
  };

  void TakeTurn(const std::string& host, Line& line) {
    if (line.has_turn || line.tenants.empty() || line.active >= per_host_) return;
    line.has_turn = true;
    turns_.push_back(host);
  }

  const std::size_t at_once_;
  const std::size_t per_host_;
  std::map<std::string, Line> lines_;
  std::deque<std::string> turns_;  // hosts with an id that may go; each once
  std::size_t active_ = 0;
};

}  // namespace headrace
