#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mcp/base/result.h"
#include "mcp/http/http_client.h"
#include "oauth/http.h"

namespace oauth {

/// What the way to a login may lead to. Documents and endpoints are named by the server and by what it names; nobody but the user
/// vouches for it (MCP 2025-11-25, "Authorization", server-side request forgery).
struct HttpRules {
  std::string server_url;          // its own origin may be asked wherever it is
  bool private_addresses = false;  // so may addresses that are none of the internet's
  /// What that origin gets with every request, and nobody else: some servers let nobody in without. Authorization is left out.
  std::vector<std::pair<std::string, std::string>> server_headers;
};

/// The Http of one server's logins, over a few kept connections; answers have at most 1 MiB. Nothing is read of an event stream,
/// which need not end. Everything but the server's own origin is https, or on loopback. What a server beyond loopback leads to is
/// not on this machine and not on a private or link-local address, whatever its name says: each address is looked at before it is
/// connected to (behind a proxy, which finds the address itself, the name alone). `options` are those of every connection; their
/// limits and their `allows` are set here.
std::shared_ptr<Http> make_http(const mcp::Executor& executor, HttpRules rules, mcp::HttpClientOptions options);

}  // namespace oauth
