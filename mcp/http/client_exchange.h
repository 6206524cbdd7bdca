#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mcp/http/client_connection.h"
#include "mcp/http/client_pool.h"
#include "mcp/http/http_client.h"

namespace mcp {

/// One request on a connection, and its answer. Loop thread only.
class ClientExchange : public HttpClientResponse {
 public:
  static std::unique_ptr<ClientExchange> make(std::shared_ptr<ClientPool> pool, std::unique_ptr<ClientConnection> connection);

  /// Writes the request and reads the answer's head. Once, and before anything else.
  virtual Task<Result<>> start(const HttpClientRequest& request, Cancellation& cancellation) = 0;
};

/// Writes the request's head to `out`. Error config_invalid for a target or a header that would break the message's frame.
Result<> format_request_head(std::string& out, const ClientPool& pool, const HttpClientRequest& request);

}  // namespace mcp
