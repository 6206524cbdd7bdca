#pragma once

#include <memory>

#include "gateway/config/config_file.h"
#include "gateway/inspect/probe_session.h"
#include "mcp/process/child_process.h"
#include "mcp/transport/stdio_client.h"

namespace gateway {

/// Starts a program as often as its probes need it, and counts what it prints beside messages.
class StdioTarget {
 public:
  StdioTarget(ProbeContext& context, mcp::ProcessLauncher& launcher, mcp::ChildSpec child)
      : context_(context), launcher_(launcher), child_(std::move(child)) {}

  std::shared_ptr<mcp::StdioClient> connect();

  /// Adds findings about what the program printed while it served an orderly session over `transport`.
  void judge_output(const mcp::StdioClient& transport);

  /// What it does before the handshake, and when it is asked for a revision that it cannot know; on programs of their own.
  mcp::Task<void> probe_handshake(std::chrono::milliseconds startup);

 private:
  mcp::Task<bool> ask_early(std::shared_ptr<mcp::StdioClient> transport, std::chrono::milliseconds startup);
  mcp::Task<void> ask_for_revision(std::shared_ptr<mcp::StdioClient> transport, std::chrono::milliseconds startup);

  ProbeContext& context_;
  mcp::ProcessLauncher& launcher_;
  mcp::ChildSpec child_;
  std::size_t stderr_lines_ = 0;
};

}  // namespace gateway
