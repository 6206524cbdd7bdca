#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "mcp/base/event.h"
#include "mcp/transport/message_pipe.h"
#include "mcp/transport/transport.h"

namespace gateway {

/// Carries one client's session between a message pipe (our stdin and stdout) and a server reached through a transport: everything
/// passes through, only request ids are mapped. Loop thread only. Held by shared_ptr.
class Relay final : public std::enable_shared_from_this<Relay>, private mcp::Transport::Receiver {
 public:
  Relay(const mcp::Executor& executor, std::shared_ptr<mcp::MessagePipe> client, std::shared_ptr<mcp::Transport> server);

  mcp::Task<mcp::Result<>> open();

  /// Set when the client closed its end, or the server was lost (then lost() tells why).
  mcp::Event& ended() { return ended_; }
  const std::optional<mcp::Error>& lost() const { return lost_; }

  /// Lets open requests finish until `deadline`, then ends both sides.
  mcp::Task<void> finish(std::chrono::steady_clock::time_point deadline);

 private:
  void from_client(mcp::Message message);
  mcp::Task<void> carry(mcp::Message request);
  /// The request with our id has ended: false when the client took it back.
  bool close_entry(const std::string& client_id, std::uint64_t id);
  void on_message(mcp::Message message, std::optional<std::uint64_t> related_request) override;
  void on_closed(const mcp::Error& reason) override;

  mcp::Executor executor_;
  std::shared_ptr<mcp::MessagePipe> client_;
  std::shared_ptr<mcp::Transport> server_;
  mcp::Event ended_;
  std::unique_ptr<mcp::Event> idle_;
  std::optional<mcp::Error> lost_;
  std::uint64_t next_id_ = 1;
  struct Open {
    std::uint64_t id = 0;  // ours
    bool taken_back = false;
  };

  std::unordered_map<std::string, Open> open_;  // by the client's id, JSON text
  std::size_t carrying_ = 0;
};

}  // namespace gateway
