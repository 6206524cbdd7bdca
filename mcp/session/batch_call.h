#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mcp/rpc/batch.h"
#include "mcp/session/server_session.h"

namespace mcp {

/// A client's batch, taken apart (MCP 2025-03-26, "Base Protocol", batching).
struct BatchCall {
  static constexpr std::size_t kMax = 100;  // messages; each may be a call

  std::vector<Message> messages;  // in their order
  std::vector<Message> refusals;  // answers to elements that are no messages
  std::size_t requests = 0;       // among the messages

  /// Without answers there is nothing to send, not even an empty array.
  bool has_answers() const { return requests > 0 || !refusals.empty(); }
};

/// Errors, with which the batch as a whole is answered: those of split_batch(); invalid_request in a session of any other revision
/// than 2025-03-26, where initialize has to come first, and for an initialize in the batch.
Result<BatchCall> read_batch(std::string text, ProtocolVersion version);

/// Serves every message as if it had come alone, and all at once. Calls `answered` with each answer as it comes, then returns.
/// `outlet` takes what belongs to a request; both must stay until then.
Task<void> serve_batch(Executor executor,
                       std::shared_ptr<ServerSession> session,
                       BatchCall batch,
                       ServerSession::Outlet outlet,
                       std::function<void(Message)> answered);

/// The text of an array of answers.
std::string batch_text(const std::vector<Message>& messages);

}  // namespace mcp
