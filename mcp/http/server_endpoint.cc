#include "mcp/http/server_endpoint.h"

namespace mcp {

std::string endpoint_text(const boost::asio::ip::tcp::endpoint& endpoint) {
  const bool v6 = endpoint.address().is_v6();
  std::string text;
  if (v6) text += '[';
  text += endpoint.address().to_string();
  if (v6) text += ']';
  text += ':';
  text += std::to_string(endpoint.port());
  return text;
}

}  // namespace mcp
