#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/raw_client.h"

namespace gateway {

/// What came back for a tool call: the text for people and the typed error, whether the gateway made it a tool result or a
/// JSON-RPC error.
struct ToolAnswer {
  bool failed = false;
  std::string text;
  std::string reason, server, remedy;  // of _meta "switchyard/error", or of the error's data
  std::string id;                      // JSON text
  std::vector<std::string> notifications;

  friend void PrintTo(const ToolAnswer& answer, std::ostream* out);
};

/// A blocking MCP client over streamable HTTP, one connection and one session (or another client's).
class McpClient {
 public:
  /// Connects and sends initialize.
  explicit McpClient(std::uint16_t port, const std::string& path = "/mcp");

  /// Another connection of the same session.
  McpClient beside() const;

  ToolAnswer call(const std::string& tool, const std::string& text);

  /// Sends a call and returns; `id` and `token` are JSON text, "" for no progress.
  void send_call(const std::string& id, const std::string& tool, const std::string& text, const std::string& token = "");
  ToolAnswer read_answer();

  /// The names that tools/list gives.
  std::vector<std::string> tools();

  void cancel(const std::string& id);

  void open_stream();

  mcp::RawClient& connection() { return connection_; }

 private:
  McpClient(std::uint16_t port, std::string path, std::string session);

  void post(const std::string& body);

  std::uint16_t port_;
  std::string path_;
  std::string session_;
  mcp::RawClient connection_;
  int last_id_ = 0;
};

/// One GET; the whole answer. `token` "" for none.
mcp::RawResponse http_get(std::uint16_t port, const std::string& path, const std::string& token = "");

}  // namespace gateway
