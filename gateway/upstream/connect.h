#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "gateway/upstream/live_spec.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/http/resolver.h"
#include "mcp/http/tls_contexts.h"
#include "mcp/process/child_process.h"
#include "mcp/transport/transport.h"

namespace gateway {

/// What the transports of all servers over HTTP share. Each may be null: one of the transport's own, no proxy.
struct SharedHttp {
  std::shared_ptr<mcp::Resolver> resolver;
  std::shared_ptr<mcp::TlsContexts> tls;
  std::shared_ptr<const mcp::ProxySettings> proxy;
};

/// The transport that reaches a server, not opened yet. One that is reached over HTTP, and whose entry does not say in which way,
/// is tried in both. Lines of a child's stderr go to a StderrLog. What a child says is in errors without its secrets.
/// Error config_invalid where the URL does not parse.
mcp::Result<std::shared_ptr<mcp::Transport>> make_transport(const mcp::Executor& executor,
                                                            mcp::ProcessLauncher& launcher,
                                                            const LiveSpecPtr& server,
                                                            const Environment& environment,
                                                            SharedHttp shared);

/// The name people see for how a server is reached: "stdio", "http", or "http+sse" where that is configured, or turned out to be
/// what the server speaks while `in_use` (may be null) is its transport.
std::string_view transport_name(const ServerSpec& spec, const mcp::Transport* in_use);

/// What a server is, as people may see it: "npx @modelcontextprotocol/server-filesystem …" (the program, the first argument that
/// tells what runs, "…" for all others: they may hold secrets), or the URL with its query masked.
std::string describe_target(const ServerSpec& spec);

}  // namespace gateway
