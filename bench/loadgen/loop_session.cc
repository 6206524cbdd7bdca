// What follows on what in a session: handshake, stream or calls, and what counts as a good answer.
#include <algorithm>
#include <limits>

#include "bench/common/raw_json.h"
#include "bench/loadgen/loop.h"

namespace bench {
namespace {

// A loop whose calls all fail gives up instead of spinning.
constexpr int kMostFailuresInARow = 2000;

bool is_success(int status) {
  return status / 100 == 2;
}

std::string http_error(int status) {
  return "http" + std::to_string(status);
}

}  // namespace

void Loop::admit() {
  while (!waiting_.empty() && progress_.handshakes_running.load() < options_.init_concurrency) {
    Connection& c = *waiting_.front();
    waiting_.pop_front();
    if (options_.raw || options_.stateless) {
      c.phase = Phase::ready;
      ++progress_.ready;
      continue;
    }
    ++progress_.handshakes_running;
    if (c.stream != nullptr) {
      send(*c.stream, requests_.get_stream({}));
    } else {
      send(c, requests_.post({}, requests_.initialize()));
    }
  }
}

void Loop::start_calls() {
  for (const auto& c : connections_) {
    if (c->phase != Phase::ready) continue;
    c->phase = Phase::run;
    next_call(*c);
  }
}

void Loop::fail_overdue(std::int64_t now) {
  for (const auto& c : connections_) {
    if (c->outstanding && now - c->sent_at > to_ns(options_.timeout)) fail(*c, "timeout");
  }
}

void Loop::parse(Connection& c) {
  if (!c.outstanding && c.phase != Phase::streaming) return c.response.drop_body();
  if (c.stream != nullptr && c.outstanding && c.post_done) return;
  if (!c.response.read_head()) return;
  if (c.caller != nullptr) return read_legacy_stream(c);
  if (c.phase == Phase::open_stream) {
    if (c.response.status() != 200 || !c.response.is_sse()) return fail(c, http_error(c.response.status()));
    stream_opened(c);
  }
  if (c.phase == Phase::streaming) return c.response.drop_body();  // whatever it carries
  c.response.read_body();
  if (c.response.is_sse() && !c.has_answer) scan_events(c);
  if (c.response.complete()) finish(c);
}

void Loop::stream_opened(Connection& c) {
  c.phase = Phase::streaming;
  c.outstanding = false;
  ++progress_.streams_open;
  --progress_.handshakes_running;
}

void Loop::scan_events(Connection& c) {
  while (const auto event = c.scanner.next(c.response.body())) {
    if (event->data.empty() || !id_matches(event->data, c)) continue;
    return take_answer(c, event->data);
  }
}

void Loop::take_answer(Connection& c, std::string_view message) {
  c.has_answer = true;
  c.answered_at = now_ns();
  c.answer_size = message.size();
  c.answer_good = is_good(message, c);
  if (!c.answer_good) statistics_.note_first_error(std::string(message.substr(0, 300)));
}

bool Loop::id_matches(std::string_view message, const Connection& c) const {
  const std::string_view id = unquote(member(message, "id"));
  if (id.empty()) return false;
  return id == std::to_string(c.phase == Phase::run ? c.id : 0);
}

bool Loop::is_good(std::string_view message, const Connection& c) {
  const std::string_view result = member(message, "result");
  if (result.empty()) return false;
  if (c.phase == Phase::run && options_.method == "tools/call") {
    if (member(result, "isError") == "true") return false;
    const long wanted = options_.result_bytes >= 0 ? options_.result_bytes : options_.arg_bytes;
    if (options_.arguments.empty() && result.size() < static_cast<std::size_t>(wanted)) return false;
  } else if (c.phase == Phase::run && options_.method == "tools/list" && statistics_.tools == 0) {
    statistics_.tools = array_size(member(result, "tools"));
  }
  statistics_.largest_message = std::max(statistics_.largest_message, message.size());
  return true;
}

void Loop::finish(Connection& c) {
  if (c.stream != nullptr && !legacy_post_accepted(c)) return;
  c.outstanding = false;
  c.served_before = true;
  if (c.phase == Phase::initialize) return finish_initialize(c);
  if (c.phase == Phase::initialized) return finish_initialized(c);
  if (c.phase == Phase::run) return finish_call(c);
}

void Loop::close_if_server_does(Connection& c) {
  if (c.fd < 0 || (!c.response.server_closes() && !c.response.until_close())) return;
  disconnect(c);
  ++statistics_.reconnects;
}

void Loop::finish_initialize(Connection& c) {
  const bool by_event = c.has_answer || c.response.is_sse();
  const bool good = by_event ? c.answer_good : c.response.status() == 200 && !member(c.response.body(), "result").empty();
  if (!good) return fail(c, http_error(c.response.status()));
  close_if_server_does(c);
  c.phase = Phase::initialized;
  send(c, requests_.post(c.response.session(), Requests::initialized(), c.post_path));
}

void Loop::finish_initialized(Connection& c) {
  if (!is_success(c.response.status())) return fail(c, http_error(c.response.status()));
  close_if_server_does(c);
  if (c.wants_stream && c.stream == nullptr) {
    c.phase = Phase::open_stream;
    return send(c, requests_.get_stream(c.response.session()));
  }
  if (c.wants_stream) return stream_opened(c);  // the old transport: it stands already
  c.phase = Phase::ready;
  --progress_.handshakes_running;
  ++progress_.ready;
}

void Loop::finish_call(Connection& c) {
  const std::int64_t now = now_ns();
  if (judge_call(c, now)) {
    failures_in_a_row_ = 0;
    if (in_window(c, now)) {
      ++statistics_.good;
      statistics_.bytes += c.stream != nullptr ? c.answer_size : c.response.body().size();
      const std::int64_t tenths =
          std::min<std::int64_t>((c.answered_at - c.sent_at) / 100, std::numeric_limits<std::uint32_t>::max());
      statistics_.latencies.push_back(static_cast<std::uint32_t>(tenths));
    }
  } else {
    const int status = c.response.status();
    statistics_.note_first_error("status " + std::to_string(status) + ": " + c.response.excerpt());
    if (in_window(c, now)) statistics_.count_error(http_error(status) + (status == 200 ? "-bad" : ""));
    if (++failures_in_a_row_ > kMostFailuresInARow) {
      c.phase = Phase::dead;
      return;
    }
  }
  close_if_server_does(c);
  if (!past_window(now)) next_call(c);
}

bool Loop::judge_call(Connection& c, std::int64_t now) {
  if (c.has_answer || c.response.is_sse()) return c.has_answer && c.answer_good;
  c.answered_at = now;
  if (c.response.status() != 200) return false;
  if (!options_.raw) return id_matches(c.response.body(), c) && is_good(c.response.body(), c);
  statistics_.largest_message = std::max(statistics_.largest_message, c.response.body().size());
  return true;
}

void Loop::next_call(Connection& c) {
  ++c.id;
  if (options_.raw_get) return send(c, requests_.get());
  if (options_.raw) return send(c, requests_.post({}, options_.raw_body));
  send(c, requests_.post(c.stream != nullptr ? std::string_view() : c.response.session(), requests_.call(c.id), c.post_path));
}

bool Loop::in_window(const Connection& c, std::int64_t now) const {
  const std::int64_t begin = progress_.window_begin.load(std::memory_order_relaxed);
  return begin != 0 && c.sent_at >= begin && now <= progress_.window_end.load(std::memory_order_relaxed);
}

bool Loop::past_window(std::int64_t now) const {
  const std::int64_t end = progress_.window_end.load(std::memory_order_relaxed);
  return end != 0 && now > end;
}

void Loop::fail(Connection& c, const std::string& why) {
  if (c.caller != nullptr) return fail_legacy_stream(c, why);
  c.outstanding = false;
  statistics_.note_first_error(why + " (status " + std::to_string(c.response.status()) + "): " + c.response.excerpt());
  disconnect(c);
  switch (c.phase) {
    case Phase::initialize:
    case Phase::initialized:
      ++progress_.handshakes_failed;
      --progress_.handshakes_running;
      c.phase = Phase::dead;
      return statistics_.count_error("init:" + why);
    case Phase::open_stream:
      ++progress_.streams_failed;
      --progress_.handshakes_running;
      c.phase = Phase::dead;
      return statistics_.count_error("stream:" + why);
    case Phase::streaming:
      ++progress_.streams_lost;
      c.phase = Phase::dead;
      return statistics_.count_error("stream-lost");
    case Phase::run:
      return fail_call(c, why);
    case Phase::ready:
    case Phase::dead:
      return;
  }
}

void Loop::fail_call(Connection& c, const std::string& why) {
  const std::int64_t now = now_ns();
  if (past_window(now)) return;
  if (progress_.window_begin.load() != 0) statistics_.count_error(why);
  if (++failures_in_a_row_ > kMostFailuresInARow) {
    c.phase = Phase::dead;
    return;
  }
  next_call(c);
}

}  // namespace bench
