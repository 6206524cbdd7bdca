#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mcp/base/cancellation.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"

namespace oauth {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute, http or https
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// An answer, whole. Header values are "" where there were none.
struct HttpAnswer {
  int status = 0;
  std::string body;
  std::string content_type;
  std::string location;
  std::string retry_after;
  std::string challenge;  // WWW-Authenticate, all of them, joined by ", "
};

/// How OAuth reaches authorization servers and what they publish: one request, one whole answer, bounded in size and time.
/// Redirects are not followed. Loop thread only. Errors: connect_failed, tls_failed, timeout, connection_lost, too_large, not_mcp
/// (no HTTP), config_invalid for a URL that may not be asked (MCP 2025-11-25, "Authorization", server-side request forgery), or the
/// cancellation's reason. No text of theirs holds the query of a URL, or a header's value.
class Http {
 public:
  virtual ~Http() = default;
  virtual mcp::Task<mcp::Result<HttpAnswer>> send(HttpRequest request, mcp::Cancellation& cancellation) = 0;
};

}  // namespace oauth
