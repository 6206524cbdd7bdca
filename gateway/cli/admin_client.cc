#include "gateway/cli/admin_client.h"

#include <httplib.h>

#include <utility>

#include "gateway/cli/admin_request.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::Result;

Result<std::string> ask_admin(const RunningGateway& gateway,
                              const std::string& method,
                              const std::string& target,
                              std::chrono::seconds patience) {
  const auto client = open_admin(gateway, patience);
  if (!client) return std::unexpected(client.error());
  httplib::Request request = admin_request(gateway, method, target);
  httplib::Result result = (*client)->send(request);
  if (!result) return std::unexpected(no_answer(gateway, result.error()));
  if (result->status != 200 || !mcp::validate_json(result->body))
    return std::unexpected(refusal(gateway, result->status, result->body));
  return std::move(result->body);
}

}  // namespace gateway
