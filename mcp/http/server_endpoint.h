#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace mcp {

/// "127.0.0.1:41234", "[::1]:41234".
std::string endpoint_text(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace mcp
