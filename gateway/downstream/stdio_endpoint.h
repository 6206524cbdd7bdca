#pragma once

#include <chrono>
#include <memory>

#include "mcp/base/event.h"
#include "mcp/session/batch_call.h"
#include "mcp/session/server_session.h"
#include "mcp/transport/message_pipe.h"

namespace gateway {

/// One client on a message pipe (our stdin and stdout, or an in-memory pair). Loop thread only. Held by shared_ptr.
class StdioEndpoint : public std::enable_shared_from_this<StdioEndpoint> {
 public:
  StdioEndpoint(const mcp::Executor& executor,
                std::shared_ptr<mcp::MessagePipe> pipe,
                std::shared_ptr<mcp::SessionHandler> handler);

  void open();

  /// Set when the client has closed its end.
  mcp::Event& closed() { return closed_; }

  /// Lets open requests finish until `deadline`, cancels the rest, writes what is queued, closes the pipe.
  mcp::Task<void> finish(std::chrono::steady_clock::time_point deadline);

 private:
  void on_message(mcp::Message message);
  void on_invalid(const mcp::Error& error);
  void on_batch(std::string text);
  mcp::Task<void> serve(mcp::Message request);
  mcp::Task<void> serve_batch(mcp::BatchCall batch);
  mcp::ServerSession::Outlet outlet() const;
  void served();

  mcp::Executor executor_;
  std::shared_ptr<mcp::MessagePipe> pipe_;
  std::shared_ptr<mcp::ServerSession> session_;
  mcp::Event closed_;
  std::unique_ptr<mcp::Event> idle_;  // while finish() waits for the last request
  std::size_t serving_ = 0;
};

}  // namespace gateway
