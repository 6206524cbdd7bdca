#include "bench/loadgen/load_mode.h"

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "bench/loadgen/loop.h"
#include "bench/loadgen/progress.h"
#include "bench/loadgen/report.h"

namespace bench {
namespace {

// The longest wait for handshakes, and for streams.
constexpr double kSetupTimeout = 25;

void sleep_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// Looks at the condition until it holds or the time is up. Returns the seconds that took.
double wait_until(const std::function<bool()>& holds, double look_every) {
  const std::int64_t begin = now_ns();
  while (!holds() && now_ns() - begin < to_ns(kSetupTimeout))
    sleep_for(look_every);
  return static_cast<double>(now_ns() - begin) / 1e9;
}

/// The run of one load: loops in threads, the main thread as the clock.
class LoadRun {
 public:
  explicit LoadRun(const Options& options) : options_(options), requests_(options) {}

  LoadResult run() {
    result_.at_start = read_memory(options_);
    if (options_.streams > 0) open_streams();
    open_connections();
    if (options_.connections > 0) measure();
    result_.at_end = read_memory(options_);
    result_.peak_rss = status_number(options_.pids, "VmHWM");
    result_.streams_held = progress_.streams_open - progress_.streams_lost;
    progress_.stop_at = now_ns();
    for (std::thread& thread : threads_)
      thread.join();
    collect();
    return std::move(result_);
  }

 private:
  // The streams have a loop of their own, so that they cost the calling ones nothing.
  void open_streams() {
    start_loop(stream_loops_, options_.streams, true);
    result_.stream_open_seconds = wait_until(
        [this] { return progress_.streams_open + progress_.streams_failed + progress_.handshakes_failed >= options_.streams; },
        0.005);
    sleep_for(options_.stream_hold);
    result_.with_streams = read_memory(options_);
    result_.streams_opened = progress_.streams_open;
    result_.streams_failed = progress_.streams_failed + progress_.handshakes_failed;
  }

  void open_connections() {
    const int failed_before = progress_.handshakes_failed;
    for (int i = 0; i < options_.threads; ++i) {
      const int sessions = options_.connections / options_.threads + (i < options_.connections % options_.threads ? 1 : 0);
      start_loop(call_loops_, sessions, false);
    }
    result_.handshake_seconds =
        wait_until([&] { return progress_.ready + progress_.handshakes_failed - failed_before >= options_.connections; }, 0.0005);
    result_.with_sessions = read_memory(options_);
  }

  void measure() {
    progress_.run = true;
    sleep_for(options_.warmup);
    result_.before = read_cpu(options_);
    const std::int64_t begin = now_ns();
    progress_.window_end = begin + to_ns(options_.seconds);
    progress_.window_begin = begin;
    sleep_for(options_.seconds);
    result_.after = read_cpu(options_);
    result_.window = options_.seconds;
  }

  void start_loop(std::vector<std::unique_ptr<Loop>>& loops, int sessions, bool streams) {
    loops.push_back(std::make_unique<Loop>(options_, requests_, progress_, sessions, streams));
    threads_.emplace_back([loop = loops.back().get()] { loop->run(); });
  }

  void collect() {
    for (const auto& loop : call_loops_)
      result_.statistics.merge(loop->statistics());
    for (const auto& loop : stream_loops_)
      result_.statistics.merge_errors(loop->statistics());
    result_.handshakes_failed = progress_.handshakes_failed;
  }

  const Options& options_;
  const Requests requests_;
  Progress progress_;
  LoadResult result_;
  std::vector<std::unique_ptr<Loop>> stream_loops_, call_loops_;
  std::vector<std::thread> threads_;
};

}  // namespace

int run_load(const Options& options) {
  LoadResult result = LoadRun(options).run();
  print_report(options, result);
  return result.statistics.good > 0 || options.connections == 0 ? 0 : 1;
}

}  // namespace bench
