#include "gateway/cli/admin_client.h"

#include <httplib.h>

#include <utility>

#include "gateway/cli/http_failure.h"
#include "mcp/http/url.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

Result<std::string> ask_admin(const RunningGateway& gateway,
                              const std::string& method,
                              const std::string& target,
                              std::chrono::seconds patience) {
  const auto url = mcp::Url::parse(gateway.admin_url);
  if (!url) return std::unexpected(url.error());
  httplib::Client client(url->host, url->port);
  client.set_tcp_nodelay(true);
  client.set_decompress(false);
  client.set_connection_timeout(std::chrono::seconds(5));
  client.set_read_timeout(patience);
  httplib::Request request;
  request.method = method;
  request.path = target;
  request.headers = {{"Authorization", "Bearer " + gateway.token}};
  httplib::Result result = client.send(request);
  const std::string name = "the gateway (pid " + std::to_string(gateway.pid) + ", " + gateway.admin_url + ")";
  if (!result) {
    return fail(
        ErrorCode::connect_failed, name + " does not answer: " + http_failure(result.error()), "It may be stopping: try again.");
  }
  if (!mcp::validate_json(result->body)) {
    return fail(ErrorCode::http_status, name + " answered HTTP " + std::to_string(result->status) + " without JSON");
  }
  if (result->status != 200) {
    const std::string_view error = mcp::member(result->body, "error");
    const auto text = [error](std::string_view member) { return mcp::decode_json_string(mcp::member(error, member)); };
    return std::unexpected(mcp::Error{ErrorCode::http_status, text("message"), text("remedy"), std::string(error)});
  }
  return std::move(result->body);
}

}  // namespace gateway
