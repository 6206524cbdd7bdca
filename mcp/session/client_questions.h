#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "mcp/rpc/request_handler.h"

namespace mcp {

/// The requests that one session has sent to its client and that wait for an answer: sampling, elicitation, roots. They go out
/// under ids, and progress tokens, of the session's own, so that those of several servers never meet. Loop thread only. Held by
/// shared_ptr.
class ClientQuestions : public std::enable_shared_from_this<ClientQuestions> {
 public:
  /// Sends a message to the client; false when it cannot be reached.
  using Outlet = std::function<bool(Message)>;

  explicit ClientQuestions(std::size_t max_open);

  /// Sends `request` by `outlet` and waits: ClientPeer::ask. `owner` is whose end ends the question, too (drop()); until then
  /// `outlet` must be valid. `question` must outlive the returned task.
  Task<Result<Message>> ask(Message request, Question& question, Outlet outlet, const void* owner);

  /// Takes the client's answer to an open question; anything else is dropped.
  void answer(Message response);

  /// Takes the client's notifications/progress for an open question.
  void progress(Message notification);

  /// The questions of this owner end with `reason`; the client is told.
  void drop(const void* owner, const Error& reason);

  /// The owner's outlet is not to be used any more, whatever becomes of its questions.
  void forget(const void* owner);

  /// That question, by our id (JSON text), ends: the client cannot be told of it. Sends nothing.
  void lose_one(std::string_view id, const Error& reason);

  /// All questions end, and the client is not told: it is gone.
  void lose(const Error& reason);

  std::size_t open() const { return open_.size(); }

 private:
  struct Open;
  class Entry;

  static void end(Open& open, const Error& reason);

  const std::size_t max_open_;
  std::uint64_t next_id_;
  std::unordered_map<std::string, Open*> open_;  // by our id's JSON text
};

}  // namespace mcp
