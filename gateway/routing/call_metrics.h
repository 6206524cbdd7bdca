#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/config/config.h"

namespace gateway {

/// What went to servers, counted by server and outcome: calls of tools, with a latency histogram each server, and other requests,
/// by method. Loop thread only; copied out for the admin plane.
class CallMetrics {
 public:
  /// Upper bounds of the histogram's buckets, in seconds; one more bucket takes the rest.
  static constexpr std::array<double, 14> kBuckets = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60};

  /// Likewise, of what the gateway itself takes of a call.
  static constexpr std::array<double, 10> kGatewayBuckets = {
      0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1};

  /// How the time of a call was spent.
  struct Spent {
    std::chrono::steady_clock::duration total{};
    std::chrono::steady_clock::duration waited{};    // for a turn, or for the server's start
    std::chrono::steady_clock::duration upstream{};  // from when it was sent until the server had answered
  };

  template <std::size_t size>
  struct Histogram {
    std::array<std::uint64_t, size + 1> buckets{};
    double seconds = 0;

    void add(const std::array<double, size>& bounds, double value);
  };

  struct Server {
    std::map<std::string, std::uint64_t, std::less<>> outcomes;  // "ok", "tool_error" (isError), "rpc_error", or an Error's code
    Histogram<kBuckets.size()> total, waited, upstream;
    Histogram<kGatewayBuckets.size()> gateway;
    std::uint64_t calls = 0;
    std::map<std::pair<std::string, std::string>, std::uint64_t> requests;  // other than tools/call: by method and outcome
  };

  void record(const ServerName& server, std::string_view outcome, const Spent& spent);

  /// A request other than tools/call. `method` is one of those we know, so that there are few.
  void record_request(const ServerName& server, std::string_view method, std::string_view outcome);

  const std::map<std::string, Server, std::less<>>& servers() const { return servers_; }

 private:
  std::map<std::string, Server, std::less<>> servers_;
};

}  // namespace gateway
