#pragma once

#include <cstdint>
#include <string>

#include "bench/loadgen/http_response.h"
#include "bench/loadgen/sse_scanner.h"

namespace bench {

/// Where a session stands.
enum class Phase {
  initialize,   // its answer is awaited
  initialized,  // the notification was sent
  ready,        // waiting for the start
  run,          // one call after the other
  open_stream,  // the GET was sent
  streaming,    // its stream stands
  dead,
};

/// One session: a keep-alive connection, or (old transport) a connection for its calls and one for its stream.
struct Connection {
  int fd = -1;
  unsigned opened = 0;  // how often a socket was: tells a new one from the one before
  Phase phase = Phase::initialize;
  bool wants_stream = false;  // ends in `streaming`, not in `run`
  bool connecting = false, wants_write = false;

  std::string request;
  std::size_t sent = 0;  // bytes of it
  std::int64_t sent_at = 0;
  long id = 0;               // of the last call
  bool outstanding = false;  // its answer is awaited
  bool retried = false, served_before = false;

  HttpResponse response;
  SseScanner scanner;
  bool has_answer = false, answer_good = false;
  std::int64_t answered_at = 0;
  std::size_t answer_size = 0;  // of the message, when it came as an event

  // The old transport: exactly one of these is set on both connections of a session.
  Connection* stream = nullptr;
  Connection* caller = nullptr;
  std::string post_path;   // told by the stream's first event
  bool post_done = false;  // the POST was accepted; its answer comes on the stream
};

}  // namespace bench
