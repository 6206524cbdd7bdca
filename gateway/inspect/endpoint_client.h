#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/task.h"
#include "mcp/http/http_client.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/rpc/message.h"

namespace gateway {

/// What an HTTP request got, as far as an inspection looks at it.
struct HttpAnswer {
  int status = 0;
  std::string content_type;             // lower case, without parameters
  std::string session;                  // Mcp-Session-Id
  std::string location;                 // of a redirect
  std::string body;                     // of a response that is no event stream; at most 1 MiB
  std::optional<mcp::Message> message;  // the response to the request that was posted

  bool ok() const { return status >= 200 && status < 300; }
};

/// Single HTTP requests to an MCP endpoint, apart from any session: for what a Transport would never do. Loop thread only.
class EndpointClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// `proxy` may be null: none. Errors: config_invalid where the URL does not parse.
  static mcp::Result<std::unique_ptr<EndpointClient>> create(const mcp::Executor& executor,
                                                             const HttpSpec& spec,
                                                             std::chrono::milliseconds patience,
                                                             std::shared_ptr<const mcp::ProxySettings> proxy);

  /// Posts one message; the configured headers go with it, and then `headers`. Waits for the response where it is a request.
  mcp::Task<mcp::Result<HttpAnswer>> post(const mcp::Message& message, const Headers& headers);

  /// GET or DELETE; the head alone is waited for.
  mcp::Task<mcp::Result<HttpAnswer>> ask(std::string_view method, const Headers& headers);

  /// Whether the server runs on this machine.
  bool is_local() const { return local_; }

  void close() { client_->close(); }

 private:
  EndpointClient(const mcp::Executor& executor, const HttpSpec& spec, std::chrono::milliseconds patience)
      : executor_(executor), headers_(spec.headers), patience_(patience) {}

  mcp::HttpClientHeaders all_headers(const Headers& headers) const;
  mcp::Task<mcp::Result<>> read_answer(mcp::HttpClientResponse& response, HttpAnswer& answer, mcp::Cancellation& cancellation);
  mcp::Task<mcp::Result<>> read_stream(mcp::HttpClientResponse& response, HttpAnswer& answer, mcp::Cancellation& cancellation);

  mcp::Executor executor_;
  Headers headers_;
  std::chrono::milliseconds patience_;
  std::shared_ptr<mcp::HttpClient> client_;
  bool local_ = false;
};

}  // namespace gateway
