#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// What one event loop counted.
struct Statistics {
  std::vector<std::uint32_t> latencies;  // tenths of a microsecond, of the good calls of the measured window
  std::uint64_t good = 0, bytes = 0;     // of the window
  std::uint64_t reconnects = 0;          // keep-alive connections that the server closed
  std::map<std::string, std::uint64_t> errors;
  std::string first_error;
  std::size_t tools = 0;            // listed by the first tools/list
  std::size_t largest_message = 0;  // bytes

  void count_error(const std::string& kind) { ++errors[kind]; }
  void note_first_error(std::string text);
  void merge(const Statistics& other);

  /// The errors alone.
  void merge_errors(const Statistics& other);
};

/// The figures of a sorted list of latencies, in microseconds.
struct LatencySummary {
  double mean = 0, p50 = 0, p95 = 0, p99 = 0, max = 0;
};
LatencySummary summarize(std::vector<std::uint32_t>& latencies);

}  // namespace bench
