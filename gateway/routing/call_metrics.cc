#include "gateway/routing/call_metrics.h"

#include <algorithm>

namespace gateway {

namespace {

double seconds_of(std::chrono::steady_clock::duration duration) {
  return std::max(std::chrono::duration<double>(duration).count(), 0.0);
}

}  // namespace

template <std::size_t size>
void CallMetrics::Histogram<size>::add(const std::array<double, size>& bounds, double value) {
  ++buckets[static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin())];
  seconds += value;
}

void CallMetrics::record(const ServerName& server, std::string_view outcome, const Spent& spent) {
  Server& entry = servers_[server.str()];
  const auto found = entry.outcomes.find(outcome);
  if (found == entry.outcomes.end()) {
    entry.outcomes.emplace(outcome, 1);
  } else {
    ++found->second;
  }
  entry.total.add(kBuckets, seconds_of(spent.total));
  entry.waited.add(kBuckets, seconds_of(spent.waited));
  entry.upstream.add(kBuckets, seconds_of(spent.upstream));
  entry.gateway.add(kGatewayBuckets, seconds_of(spent.total - spent.waited - spent.upstream));
  ++entry.calls;
}

void CallMetrics::record_request(const ServerName& server, std::string_view method, std::string_view outcome) {
  ++servers_[server.str()].requests[{std::string(method), std::string(outcome)}];
}

}  // namespace gateway
