#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/event.h"
#include "mcp/http/http_server.h"
#include "mcp/rpc/message.h"
#include "mcp/session/replay_buffer.h"

namespace mcp {

/// A comment: the client's parser skips it, what stands between sees that the stream lives.
inline constexpr std::string_view kSseKeepAlive = ": keep-alive\n\n";

class SessionStreams;

/// A stream of messages to a client (MCP 2025-11-25, "Resumability and Redelivery"): what its GETs listen to, or the answer to one
/// POST. It outlives its connections: what is sent while there is none, or one that is broken, waits for the next. Loop thread
/// only; must not outlive its session's SessionStreams.
class EventStream {
 public:
  EventStream(SessionStreams& session, std::uint64_t number) : session_(session), number_(number) {}

  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// A connection whose begin_stream() was called carries it from now on; the one before is told to end, by its `end`. Both must
  /// stay until detach(). `end` may be null for a connection that ends of its own accord.
  void attach(HttpExchange& exchange, Event* end);

  /// That connection carries nothing any more. Does nothing where another took its place.
  void detach(const HttpExchange& exchange);

  /// Tells the client, before there is a message, how to come back: an event without data, for clients of 2025-11-25 and later.
  void prime();

  /// Writes what is kept behind this event.
  void replay(std::uint64_t after);

  /// Sends a message, or keeps it for the next connection: `gone` then, and `unread` when the connection was closed just now
  /// because nobody reads it.
  StreamWrite send(const Message& message);

  /// A sign of life on the connection, where there is one.
  void keep_alive();

  /// The last message was sent.
  void finish();

  std::uint64_t number() const { return number_; }
  std::uint64_t last() const { return last_; }
  std::uint64_t sent() const { return sent_; }
  bool attached() const { return connection_ != nullptr; }
  bool finished() const { return finished_; }

  /// Tells a connection that listens, or resumes, to end.
  void end_connection();

 private:
  SessionStreams& session_;
  const std::uint64_t number_;
  std::uint64_t last_ = 0;  // event
  std::uint64_t sent_ = 0;  // the last one a connection took
  std::uint64_t primed_ = 0;
  HttpExchange* connection_ = nullptr;
  Event* end_ = nullptr;  // of the connection
  bool finished_ = false;
};

/// All streams of one session. Event ids are "TAG-STREAM-EVENT", unique in the session; the tag makes another session's ids known
/// as such. Loop thread only.
class SessionStreams {
 public:
  enum class Found : std::uint8_t {
    here,
    over,    // it has ended and the client had all of it, or what is left of it is not kept any more
    unknown  // no event of this session has that id
  };

  struct Position {
    Found found = Found::unknown;
    std::shared_ptr<EventStream> stream;
    std::uint64_t after = 0;
  };

  /// Takes the id, JSON text, of a request to the client that the client cannot be told of any more: it was away too long, or there
  /// was too much to keep. Must not call back.
  using OnQuestionLost = std::function<void(std::string_view id)>;

  explicit SessionStreams(std::shared_ptr<ReplayPool> pool);
  SessionStreams(const SessionStreams&) = delete;
  SessionStreams& operator=(const SessionStreams&) = delete;

  void set_on_question_lost(OnQuestionLost on_question_lost) { on_question_lost_ = std::move(on_question_lost); }

  /// A new stream, for the answer to a POST.
  std::shared_ptr<EventStream> open();

  /// The stream of the client's GETs.
  const std::shared_ptr<EventStream>& listening();
  bool is_listening() const { return listening_ && listening_->attached(); }

  /// The place a Last-Event-ID names. What comes before it is forgotten.
  Position find(std::string_view last_event_id);

  /// Sends a message that belongs to no request on the stream of the client's GETs, or keeps it for the next of them.
  void push(const Message& message) { listening()->send(message); }

  /// Shows life on the GET stream, forgets what is too old.
  void sweep(ReplayBuffer::TimePoint now);

  /// Tells the connection of the GET stream to end. The answers to POSTs go on.
  void end_listening();

  /// The session is over: its GET stream ends, nothing is kept any more.
  void close();

  const ReplayBuffer& kept() const { return buffer_; }

 private:
  friend class EventStream;

  std::string event_id(std::uint64_t stream, std::uint64_t event) const;
  void dropped(const ReplayBuffer::Event& event) const;
  void lose_question(std::string_view id) const;
  ReplayLimits::Duration age_of(const ReplayBuffer::Event& event) const;
  void prune();

  std::string tag_;
  OnQuestionLost on_question_lost_;
  ReplayBuffer buffer_;
  std::shared_ptr<EventStream> listening_;
  std::vector<std::shared_ptr<EventStream>> posts_;
  std::uint64_t next_ = 1;
  std::size_t prune_at_ = 0;
  bool closed_ = false;
};

}  // namespace mcp
