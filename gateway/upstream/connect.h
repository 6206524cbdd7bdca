#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "gateway/upstream/live_spec.h"
#include "mcp/http/http_client.h"
#include "mcp/http/resolver.h"
#include "mcp/http/tls_contexts.h"
#include "mcp/process/child_process.h"
#include "mcp/transport/authorizer.h"
#include "mcp/transport/transport.h"

namespace gateway {

/// What the way to a server needs from outside. What may be null is then each transport's own, or left out.
struct TransportNeeds {
  mcp::Executor executor;
  mcp::ProcessLauncher* launcher = nullptr;
  Environment environment;
  std::shared_ptr<mcp::Resolver> resolver = {};
  std::shared_ptr<mcp::TlsContexts> tls = {};
  std::shared_ptr<const mcp::ProxySettings> proxy = {};  // null: every connection is direct
  std::shared_ptr<mcp::Authorizer> authorizer = {};      // of servers over HTTP
};

/// The transport that reaches a server, not opened yet. One that is reached over HTTP, and whose entry does not say in which way,
/// is tried in both. Lines of a child's stderr go to a StderrLog. What a child says is in errors without its secrets. Error
/// config_invalid where the URL does not parse.
mcp::Result<std::shared_ptr<mcp::Transport>> make_transport(TransportNeeds needs, const LiveSpecPtr& server);

/// The HTTP client's part of it, for whatever is asked about that server.
mcp::HttpClientOptions http_options(const TransportNeeds& needs, const HttpSpec& http);

/// The name people see for how a server is reached: "stdio", "http", or "http+sse" where that is configured, or turned out to be
/// what the server speaks while `in_use` (may be null) is its transport.
std::string_view transport_name(const ServerSpec& spec, const mcp::Transport* in_use);

/// What a server is, as people may see it: "npx @modelcontextprotocol/server-filesystem …" (the program, the first argument that
/// tells what runs, "…" for all others: they may hold secrets), or the URL with its query masked.
std::string describe_target(const ServerSpec& spec);

}  // namespace gateway
