#include "bench/loadgen/report.h"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace bench {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return out + '"';
}

/// A JSON object, member by member, in order.
class JsonLine {
 public:
  void add(const char* key, std::string_view raw) {
    text_ += text_.size() > 1 ? ",\"" : "\"";
    text_ += key;
    text_ += "\":";
    text_ += raw;
  }
  void add(const char* key, double value, int digits) {
    char number[64];
    std::snprintf(number, sizeof number, "%.*f", digits, value);
    add(key, number);
  }
  void add_count(const char* key, std::uint64_t value) { add(key, std::to_string(value)); }
  void add_number(const char* key, long value) { add(key, std::to_string(value)); }
  std::string text() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

struct Derived {
  LatencySummary latency;
  std::uint64_t errors = 0;
  std::string error_kinds;  // {"kind":count,…}
  double calls_per_second = 0, megabytes_per_second = 0, cpu_per_1000 = 0;
  double server_share = 0, self_share = 0, other_share = 0;  // cores
  double foreign = 0, steal = 0;                             // cores
};

Derived derive(LoadResult& r) {
  Derived d;
  d.latency = summarize(r.statistics.latencies);
  JsonLine kinds;
  for (const auto& [kind, count] : r.statistics.errors) {
    d.errors += count;
    kinds.add_count(kind.c_str(), count);
  }
  d.error_kinds = kinds.text();
  if (r.window <= 0) return d;
  const double server = r.after.server - r.before.server;
  d.calls_per_second = static_cast<double>(r.statistics.good) / r.window;
  d.megabytes_per_second = static_cast<double>(r.statistics.bytes) / r.window / 1e6;
  if (r.statistics.good > 0) d.cpu_per_1000 = server / static_cast<double>(r.statistics.good) * 1000;
  d.server_share = server / r.window;
  d.self_share = (r.after.self - r.before.self) / r.window;
  d.other_share = (r.after.others - r.before.others) / r.window;
  // Busy time of the machine that is neither ours, nor the server's, nor that of the processes that belong to the run.
  const double busy = (r.after.machine.busy - r.before.machine.busy) / r.window;
  d.foreign = busy - d.self_share - d.server_share - d.other_share;
  d.steal = (r.after.machine.steal - r.before.machine.steal) / r.window;
  return d;
}

void print_json(const Options& o, const LoadResult& r, const Derived& d) {
  JsonLine line;
  line.add("label", quoted(o.label));
  line.add_number("connections", o.connections);
  line.add("seconds", r.window, 2);
  line.add_count("calls", r.statistics.good);
  line.add("calls_per_s", d.calls_per_second, 1);
  line.add("mean_us", d.latency.mean, 1);
  line.add("p50_us", d.latency.p50, 1);
  line.add("p95_us", d.latency.p95, 1);
  line.add("p99_us", d.latency.p99, 1);
  line.add("max_us", d.latency.max, 1);
  line.add_count("errors", d.errors);
  line.add("error_kinds", d.error_kinds);
  line.add("first_error", quoted(r.statistics.first_error));
  line.add_count("reconnects", r.statistics.reconnects);
  line.add_number("init_failed", r.handshakes_failed);
  line.add("init_s", r.handshake_seconds, 3);
  line.add_count("body_bytes", r.statistics.largest_message);
  line.add_count("tools", r.statistics.tools);
  line.add("mb_per_s", d.megabytes_per_second, 1);
  line.add("cpu_s_per_1000", d.cpu_per_1000, 5);
  line.add("cpu_share", d.server_share, 3);
  line.add("self_cpu_share", d.self_share, 3);
  line.add("other_cpu_share", d.other_share, 3);
  line.add("foreign_cores", d.foreign, 3);
  line.add("steal_cores", d.steal, 3);
  line.add_number("rss_kb_start", r.at_start.rss);
  line.add_number("rss_kb_init", r.with_sessions.rss);
  line.add_number("rss_kb_end", r.at_end.rss);
  line.add_number("hwm_kb", r.peak_rss);
  line.add_number("threads_start", r.at_start.threads);
  line.add_number("threads_end", r.at_end.threads);
  line.add_number("streams", o.streams);
  line.add_number("streams_opened", r.streams_opened);
  line.add_number("streams_failed", r.streams_failed);
  line.add_number("streams_held", r.streams_held);
  line.add("stream_open_s", r.stream_open_seconds, 2);
  line.add_number("rss_kb_streams", r.with_streams.rss);
  line.add_number("threads_streams", r.with_streams.threads);
  std::puts(line.text().c_str());
}

void print_text(const Options& o, const LoadResult& r, const Derived& d) {
  if (o.streams > 0) {
    std::printf("streams: %d asked, %d opened, %d failed in %.2f s; %d held at the end",
                o.streams,
                r.streams_opened,
                r.streams_failed,
                r.stream_open_seconds,
                r.streams_held);
    if (!o.pids.empty()) std::printf("; RSS %ld KB before, %ld KB with them", r.at_start.rss, r.with_streams.rss);
    if (!o.pids.empty()) std::printf("; threads %ld -> %ld", r.at_start.threads, r.with_streams.threads);
    std::puts("");
  }
  std::printf("%d connections, %.1f s: %llu calls, %.1f calls/s; ",
              o.connections,
              r.window,
              static_cast<unsigned long long>(r.statistics.good),
              d.calls_per_second);
  std::printf(
      "latency p50 %.1f us, p95 %.1f us, p99 %.1f us, max %.1f us; ", d.latency.p50, d.latency.p95, d.latency.p99, d.latency.max);
  std::printf("errors %llu %s, reconnects %llu\n",
              static_cast<unsigned long long>(d.errors),
              d.error_kinds.c_str(),
              static_cast<unsigned long long>(r.statistics.reconnects));
  std::printf("loadgen CPU %.2f cores (other work on this machine %.2f, steal %.2f); ", d.self_share, d.foreign, d.steal);
  std::printf("largest message %zu bytes, %.1f MB/s", r.statistics.largest_message, d.megabytes_per_second);
  if (!o.pids.empty()) {
    std::printf("; server CPU %.2f cores, %.4f CPU-s per 1,000 calls", d.server_share, d.cpu_per_1000);
    std::printf(", RSS %ld -> %ld KB (peak %ld)", r.at_start.rss, r.at_end.rss, r.peak_rss);
  }
  if (r.statistics.tools > 0) std::printf("; %zu tools", r.statistics.tools);
  std::puts("");
  if (!r.statistics.first_error.empty()) std::printf("first error: %s\n", r.statistics.first_error.c_str());
}

}  // namespace

CpuReading read_cpu(const Options& options) {
  return {.server = cpu_seconds(options.pids),
          .self = cpu_seconds(getpid()),
          .others = cpu_seconds(options.other_pids),
          .machine = machine_time()};
}

MemoryReading read_memory(const Options& options) {
  return {.rss = status_number(options.pids, "VmRSS"), .threads = status_number(options.pids, "Threads")};
}

void print_report(const Options& options, LoadResult& result) {
  const Derived derived = derive(result);
  if (options.json) return print_json(options, result, derived);
  print_text(options, result, derived);
}

void print_report(const Options& options, const ReadyResult& r) {
  const bool ready = r.tools_ms >= 0;
  if (!options.json) {
    std::printf("%s: initialize answered after %.1f ms, ", ready ? "ready" : "NOT READY", r.initialize_ms);
    std::printf("%zu tools listed (%zu bytes) after %.1f ms; RSS %ld KB, %ld threads\n",
                r.tools,
                r.list_bytes,
                r.tools_ms,
                r.rss,
                r.threads);
    return;
  }
  JsonLine line;
  line.add("label", quoted(options.label));
  line.add("ready", ready ? "true" : "false");
  line.add("init_ms", r.initialize_ms, 1);
  line.add("tools_ms", r.tools_ms, 1);
  line.add_count("tools", r.tools);
  line.add_count("list_bytes", r.list_bytes);
  line.add_number("rss_kb", r.rss);
  line.add_number("threads", r.threads);
  std::puts(line.text().c_str());
}

}  // namespace bench
