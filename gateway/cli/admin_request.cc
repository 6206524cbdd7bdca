#include "gateway/cli/admin_request.h"

#include <httplib.h>

#include "gateway/cli/http_failure.h"
#include "mcp/http/url.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;

namespace {

std::string shown(const RunningGateway& gateway) {
  return "the gateway (pid " + std::to_string(gateway.pid) + ", " + gateway.admin_url + ")";
}

}  // namespace

mcp::Result<std::unique_ptr<httplib::Client>> open_admin(const RunningGateway& gateway, std::chrono::milliseconds patience) {
  const auto url = mcp::Url::parse(gateway.admin_url);
  if (!url) return std::unexpected(url.error());
  auto client = std::make_unique<httplib::Client>(url->host, url->port);
  client->set_tcp_nodelay(true);
  client->set_decompress(false);
  client->set_connection_timeout(std::chrono::seconds(5));
  client->set_read_timeout(patience);
  return client;
}

httplib::Request admin_request(const RunningGateway& gateway, const std::string& method, const std::string& target) {
  httplib::Request request;
  request.method = method;
  request.path = target;
  request.headers = {{"Authorization", "Bearer " + gateway.token}};
  return request;
}

Error no_answer(const RunningGateway& gateway, httplib::Error why) {
  return {ErrorCode::connect_failed, shown(gateway) + " does not answer: " + http_failure(why), "It may be stopping: try again."};
}

Error refusal(const RunningGateway& gateway, int status, std::string_view body) {
  if (!mcp::validate_json(body))
    return {ErrorCode::http_status, shown(gateway) + " answered HTTP " + std::to_string(status) + " without JSON"};
  const std::string_view error = mcp::member(body, "error");
  return {ErrorCode::http_status, mcp::string_member(error, "message"), mcp::string_member(error, "remedy"), std::string(error)};
}

}  // namespace gateway
