#pragma once

#include <cstdint>

#include "bench/loadgen/options.h"
#include "bench/loadgen/process_info.h"
#include "bench/loadgen/statistics.h"

namespace bench {

/// The clocks of everybody, at one moment. CPU in seconds.
struct CpuReading {
  double server = 0, self = 0, others = 0;
  MachineTime machine;
};
CpuReading read_cpu(const Options& options);

/// RSS in KB and threads of the server processes, at one moment.
struct MemoryReading {
  long rss = 0, threads = 0;
};
MemoryReading read_memory(const Options& options);

/// What run_load found.
struct LoadResult {
  double window = 0;  // measured seconds, 0 when nothing was called
  CpuReading before, after;
  Statistics statistics;
  MemoryReading at_start, with_streams, with_sessions, at_end;
  long peak_rss = 0;
  int handshakes_failed = 0;
  double handshake_seconds = 0;
  int streams_opened = 0, streams_failed = 0, streams_held = 0;
  double stream_open_seconds = 0;
};

/// Prints the result as JSON or as text, as the options say. Sorts the latencies.
void print_report(const Options& options, LoadResult& result);

/// What run_ready found; -1 where it did not come that far.
struct ReadyResult {
  double initialize_ms = -1, tools_ms = -1;
  std::size_t tools = 0, list_bytes = 0;
  long rss = -1, threads = -1;
};
void print_report(const Options& options, const ReadyResult& result);

}  // namespace bench
