#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "mcp/http/http_client.h"
#include "mcp/http/resolver.h"
#include "mcp/http/tls_contexts.h"
#include "mcp/process/child_process.h"
#include "mcp/transport/transport.h"

namespace gateway {

class CatalogStore;
class ProcessBudget;
class ServerLogins;

/// What a runtime needs from outside; all of it must outlive the runtime.
struct RuntimeDependencies {
  mcp::Executor executor;
  mcp::ProcessLauncher* launcher = nullptr;
  Environment environment;
  std::function<double()> random;                   // in [0, 1)
  std::shared_ptr<mcp::Resolver> resolver;          // shared by all HTTP servers; null: each has one of its own
  std::shared_ptr<mcp::TlsContexts> tls;            // likewise
  std::shared_ptr<const mcp::ProxySettings> proxy;  // of servers over HTTP; null: none
  std::shared_ptr<ServerLogins> logins;             // likewise; null: nobody can log in
  /// Makes the transport to a server, not opened yet; {}: make_transport().
  std::function<mcp::Result<std::shared_ptr<mcp::Transport>>(const ServerSpec&)> connect;
  std::string instance;      // unguessable name of this gateway, by which it notices that a server is the gateway itself
  std::string identity_key;  // of ServerIdentity
  std::shared_ptr<ProcessBudget> budget;   // of stdio servers; may be null
  std::shared_ptr<CatalogStore> catalogs;  // what servers offered, from one life of the gateway to the next; may be null
  std::chrono::milliseconds retire_grace = std::chrono::seconds(30);  // for calls under way at a server that is replaced or goes
  std::chrono::milliseconds stop_grace = std::chrono::seconds(2);     // each step of the ladder that ends a child
  std::chrono::milliseconds refresh_delay{50};    // from list_changed, which often comes in bursts, to reading the list anew
  std::chrono::milliseconds refresh_pause{1000};  // between two readings: some servers never stop changing
  std::chrono::milliseconds other_lists_wait = std::chrono::seconds(5);  // at a start, once the list of the tools is there
};

}  // namespace gateway
