#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "mcp/base/cancellation.h"
#include "mcp/base/task.h"
#include "mcp/rpc/message.h"
#include "mcp/types/protocol_version.h"

namespace mcp {

/// The client's end of a connection to one MCP server: a child's pipes, streamable HTTP, HTTP+SSE, half of an in-memory pair. Moves
/// messages and knows which response belongs to which request; knows nothing of handshakes, capabilities or tools.
/// Loop thread only. Held by shared_ptr by its session; close() before letting go.
class Transport {
 public:
  /// Told what arrives that is no response to one of our requests.
  class Receiver {
   public:
    virtual ~Receiver() = default;

    /// A notification, or a request of the server's. `related_request` is the id of the request of ours on whose own response
    /// stream it came, where the transport has such streams (streamable HTTP).
    virtual void on_message(Message message, std::optional<std::uint64_t> related_request) = 0;

    /// The connection ended, once, for this reason, and not by close(); nothing arrives after it. Every open request has failed or
    /// fails with the same reason.
    virtual void on_closed(const Error& reason) = 0;

    /// The server seems to be gone, though nobody asked it anything: a stream it had held open is refused a connection. The
    /// transport goes on, and tries again; this comes with every try that fails so.
    virtual void on_unreachable(const Error& reason) { static_cast<void>(reason); }
  };

  virtual ~Transport() = default;

  /// Makes the connection ready to send. `receiver` must stay valid until close() returned.
  virtual Task<Result<>> open(Receiver& receiver) = 0;

  /// Sends a request and waits for its response. The id of `request` is the decimal text of `id`, which the caller never uses
  /// twice on a transport. Fails with the reason of `cancellation` as soon as that is requested; the transport then forgets the
  /// request, and its response, should one still come, is dropped (telling the server is the caller's business). Errors also:
  /// too_large, connection_lost, not_mcp, session_lost (HTTP 404), login_required (401), http_status, …
  /// `request` was written to the server at most once, whatever happens (FallbackClient: initialize twice, if refused at first).
  virtual Task<Result<Message>> request(Message request, std::uint64_t id, Cancellation& cancellation) = 0;

  /// Sends a notification, or a response to a request of the server's; never waits. Notifications keep the order of the calls, but
  /// for notifications/cancelled, which like a response may overtake them. Trouble shows as on_closed, or is logged where the
  /// connection survives it.
  virtual void send(Message message) = 0;

  /// The handshake ended with this revision: an HTTP transport sends it as MCP-Protocol-Version and opens its GET stream.
  virtual void negotiated(ProtocolVersion version) = 0;

  /// Ends the connection in good manners, within `grace`. Open requests fail with shutting_down. Idempotent.
  virtual Task<void> close(std::chrono::steady_clock::duration grace) = 0;
};

}  // namespace mcp
