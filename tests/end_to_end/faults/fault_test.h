#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/end_to_end/faults/child_program.h"
#include "tests/end_to_end/faults/mcp_client.h"

// The sanitizers' allocators hold back what was freed, so that memory says nothing about the gateway there, and all is slow.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SWITCHYARD_SANITIZED 1
#endif
#endif
#ifndef SWITCHYARD_SANITIZED
#define SWITCHYARD_SANITIZED 0
#endif

namespace gateway {

/// One server as the admin API shows it.
struct ServerView {
  std::string state;
  std::string reason, message, remedy;  // of its cause
  int restarts = 0;
  int open_calls = 0;
  std::string transport, revision;
};

void PrintTo(const ServerView& view, std::ostream* out);

/// Runs the real gateway over servers that misbehave. At the end of each test it is told to stop, has to end with 0, and nothing of
/// its tree may be left.
class FaultTest : public testing::Test {
 protected:
  FaultTest();
  ~FaultTest() override;

  /// An entry of mcpServers: stdio_fault in this mode. `more` is JSON text of further members: `"callTimeout":0.5`.
  std::string stdio(const std::string& name,
                    const std::string& mode,
                    const std::string& argument = "0",
                    const std::string& more = "");

  /// The same, and every line the server gets is in file(name).
  std::string recorded(const std::string& name, const std::string& mode, const std::string& argument = "0");

  /// Starts http_fault in this mode and returns the entry that reaches it.
  std::string http(const std::string& name,
                   const std::string& mode,
                   const std::string& more = "",
                   const std::string& scheme = "http");

  /// How often http_fault saw a method.
  int counted(const std::string& method) const;
  std::uint16_t http_fault_port() const { return http_port_; }

  std::string healthy() { return stdio("healthy", "ok"); }

  static std::string config(const std::vector<std::string>& entries, const std::string& more = "");

  /// Writes the configuration and starts `switchyard serve` on it, without waiting for anything.
  std::unique_ptr<ChildProgram> launch(const std::string& config_text,
                                       const std::vector<std::string>& more_args = {},
                                       const std::string& state = "state");

  /// Starts the gateway and waits until it accepts connections.
  void start(const std::vector<std::string>& entries, const std::string& more = "");

  /// Asks until the servers are in these states.
  ServerView wait_for(const std::string& name, const std::function<bool(const ServerView&)>& condition);
  ServerView wait_for_state(const std::string& name, const std::string& state);
  ServerView view(const std::string& name);

  McpClient& client();

  void expect_healthy();

  /// What the gateway holds once the client is connected and nothing is left of other clients.
  Resources measure();

  /// Descriptors come back to what they were (or fewer, where that is allowed: an HTTP server's idle connections end), and the
  /// memory to within the margin, in KiB.
  void expect_back_at(const Resources& base, bool fewer_allowed = false, long memory_margin = 10 * 1024);

  /// SIGTERM; nothing may be left. Called at the end anyway.
  void stop();

  /// The end of a gateway that was told to stop, or killed.
  void expect_end(int exit = 0);

  /// SIGKILL; nothing may be left.
  void kill();

  const std::string& folder() const { return folder_; }

  std::string file(const std::string& name) const { return folder_ + "/" + name; }

  ChildProgram& gateway() { return *gateway_; }

  std::uint16_t port() const { return port_; }

  std::uint16_t admin_port() const { return admin_port_; }

  std::string stderr_text() const { return gateway_->stderr_text(); }

 private:
  void TearDown() override;
  std::string servers_json();

  std::string folder_;  // also the HOME of the whole tree, by which its processes are known
  std::unique_ptr<ChildProgram> http_fault_;
  std::uint16_t http_port_ = 0;
  std::unique_ptr<ChildProgram> gateway_;
  std::uint16_t port_ = 0, admin_port_ = 0;
  std::string token_;
  std::optional<McpClient> client_;
};

/// Failed for this reason, of this server, in words that contain all of these.
void expect_error(const ToolAnswer& answer,
                  const std::string& reason,
                  const std::vector<std::string>& words,
                  const std::string& server = "faulty");

void expect_text(const ToolAnswer& answer, const std::string& text);

}  // namespace gateway
