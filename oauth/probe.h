#pragma once

#include <string>

#include "oauth/http.h"

namespace oauth {

/// Whether a server wants a login, and what it says of it.
struct ProbedServer {
  bool asks = false;
  std::string challenge;  // its WWW-Authenticate; "" = none
  int status = 0;         // of its answer, where that was a refusal of another kind
};

/// Asks an MCP server over HTTP as a client without a login does: with initialize, and where it takes no POSTs (2024-11-05) for its
/// stream. `client_version` is what we say of ourselves. Errors: those of Http; authorization_unavailable (5xx, 429), http_status
/// (a redirect).
mcp::Task<mcp::Result<ProbedServer>> probe_server(Http& http,
                                                  std::string server_url,
                                                  std::string client_version,
                                                  mcp::Cancellation& cancellation);

}  // namespace oauth
