#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/connection.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/progress.h"
#include "bench/loadgen/requests.h"
#include "bench/loadgen/statistics.h"

namespace bench {

/// One thread's event loop over some of the sessions: shakes hands, waits for the start, then keeps one call in flight on each
/// until it is told to stop. Spread over loop.cc (sockets), loop_session.cc (what follows on what), loop_legacy.cc (old transport).
class Loop {
 public:
  /// `streams`: its sessions open a standing stream instead of calling.
  Loop(const Options& options, const Requests& requests, Progress& progress, int sessions, bool streams);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();

  /// Once `run` has returned.
  const Statistics& statistics() const { return statistics_; }

 private:
  // Sockets.
  void on_event(Connection& c, std::uint32_t events);
  void finish_connect(Connection& c);
  bool read_all(Connection& c);
  void on_end(Connection& c);
  bool connect(Connection& c);
  void disconnect(Connection& c);
  void send(Connection& c, std::string request);
  void start_send(Connection& c);
  void flush(Connection& c);
  void arm(Connection& c, bool write);
  void retry_or_fail(Connection& c, const char* why);

  // Sessions.
  void admit();
  void start_calls();
  void fail_overdue(std::int64_t now);
  void parse(Connection& c);
  void scan_events(Connection& c);
  void finish(Connection& c);
  void finish_initialize(Connection& c);
  void finish_initialized(Connection& c);
  void finish_call(Connection& c);
  void stream_opened(Connection& c);
  void close_if_server_does(Connection& c);
  void next_call(Connection& c);
  bool judge_call(Connection& c, std::int64_t now);
  bool id_matches(std::string_view message, const Connection& c) const;
  bool is_good(std::string_view message, const Connection& c);
  void take_answer(Connection& c, std::string_view message);
  bool in_window(const Connection& c, std::int64_t now) const;
  bool past_window(std::int64_t now) const;
  void fail(Connection& c, const std::string& why);
  void fail_call(Connection& c, const std::string& why);

  // The old transport.
  void add_legacy_streams();
  void read_legacy_stream(Connection& stream);
  void legacy_endpoint(Connection& stream, std::string_view where);
  void fail_legacy_stream(Connection& stream, const std::string& why);
  bool legacy_post_accepted(Connection& c);

  const Options& options_;
  const Requests& requests_;
  Progress& progress_;
  Statistics statistics_;
  std::vector<std::unique_ptr<Connection>> connections_, legacy_streams_;
  std::deque<Connection*> waiting_;  // for their handshake
  std::vector<char> buffer_;
  int epoll_;
  int failures_in_a_row_ = 0;
};

}  // namespace bench
