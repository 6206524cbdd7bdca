#include "gateway/routing/call_metrics.h"

#include <algorithm>

namespace gateway {

void CallMetrics::record(const ServerName& server, std::string_view outcome, std::chrono::steady_clock::duration taken) {
  Server& entry = servers_[server.str()];
  const auto found = entry.outcomes.find(outcome);
  if (found == entry.outcomes.end()) {
    entry.outcomes.emplace(outcome, 1);
  } else {
    ++found->second;
  }
  const double seconds = std::chrono::duration<double>(taken).count();
  const auto bucket = std::ranges::lower_bound(kBuckets, seconds) - kBuckets.begin();
  ++entry.buckets[static_cast<std::size_t>(bucket)];
  entry.seconds += seconds;
  ++entry.calls;
}

void CallMetrics::record_request(const ServerName& server, std::string_view method, std::string_view outcome) {
  ++servers_[server.str()].requests[{std::string(method), std::string(outcome)}];
}

}  // namespace gateway
