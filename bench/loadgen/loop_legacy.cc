// The HTTP+SSE transport of 2024-11-05: a GET stream says where to POST, and carries the answers.
#include <algorithm>

#include "bench/loadgen/loop.h"

namespace bench {

void Loop::add_legacy_streams() {
  for (const auto& c : connections_) {
    legacy_streams_.push_back(std::make_unique<Connection>());
    Connection& stream = *legacy_streams_.back();
    stream.caller = c.get();
    c->stream = &stream;
  }
}

void Loop::read_legacy_stream(Connection& stream) {
  HttpResponse& response = stream.response;
  if (response.status() != 200) return fail(stream, "http" + std::to_string(response.status()));
  response.read_body();
  Connection& c = *stream.caller;
  while (const auto event = stream.scanner.next(response.body())) {
    if (event->name == "endpoint") {
      legacy_endpoint(stream, event->data);
    } else if (c.outstanding && !c.has_answer && !event->data.empty() && id_matches(event->data, c)) {
      take_answer(c, event->data);
      if (c.post_done) finish(c);
    }
  }
  response.body().erase(0, stream.scanner.consumed());
  stream.scanner.dropped();
}

void Loop::legacy_endpoint(Connection& stream, std::string_view where) {
  constexpr std::string_view kScheme = "http://";
  if (where.starts_with(kScheme)) where.remove_prefix(std::min(where.size(), where.find('/', kScheme.size())));
  stream.outstanding = false;
  stream.phase = Phase::streaming;
  Connection& c = *stream.caller;
  c.post_path = where;
  send(c, requests_.post({}, requests_.initialize(), c.post_path));
}

// The answer of a POST is awaited twice: the HTTP response, and the message on the stream. True when both are there.
bool Loop::legacy_post_accepted(Connection& c) {
  if (c.phase != Phase::initialize && c.phase != Phase::run) return true;
  if (c.response.status() / 100 != 2) {
    fail(c, "http" + std::to_string(c.response.status()));
    return false;
  }
  c.post_done = true;
  return c.has_answer;
}

// The session goes with its stream.
void Loop::fail_legacy_stream(Connection& stream, const std::string& why) {
  disconnect(stream);
  stream.outstanding = false;
  Connection& c = *stream.caller;
  if (c.phase == Phase::initialize || c.phase == Phase::initialized) return fail(c, "stream-" + why);
  if (c.phase == Phase::streaming) return fail(c, why);
  if (c.phase != Phase::run) return;
  c.phase = Phase::dead;
  c.outstanding = false;
  statistics_.count_error("stream-lost");
}

}  // namespace bench
