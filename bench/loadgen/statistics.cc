#include "bench/loadgen/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace bench {

void Statistics::note_first_error(std::string text) {
  if (first_error.empty()) first_error = std::move(text);
}

void Statistics::merge(const Statistics& other) {
  latencies.insert(latencies.end(), other.latencies.begin(), other.latencies.end());
  good += other.good;
  bytes += other.bytes;
  reconnects += other.reconnects;
  tools = std::max(tools, other.tools);
  largest_message = std::max(largest_message, other.largest_message);
  merge_errors(other);
}

void Statistics::merge_errors(const Statistics& other) {
  for (const auto& [kind, count] : other.errors)
    errors[kind] += count;
  note_first_error(other.first_error);
}

LatencySummary summarize(std::vector<std::uint32_t>& latencies) {
  if (latencies.empty()) return {};
  std::ranges::sort(latencies);
  const double count = static_cast<double>(latencies.size());
  const auto percentile = [&](double percent) {
    const double rank = std::ceil(percent / 100 * count);
    return static_cast<double>(latencies[static_cast<std::size_t>(std::max(1.0, rank)) - 1]) / 10;
  };
  const double sum = std::accumulate(latencies.begin(), latencies.end(), 0.0);
  return {.mean = sum / count / 10, .p50 = percentile(50), .p95 = percentile(95), .p99 = percentile(99), .max = percentile(100)};
}

}  // namespace bench
