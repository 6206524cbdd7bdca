#pragma once

#include <string>
#include <string_view>

namespace gateway {

/// Everything but letters, digits, '-', '_' and '.' as %XX.
std::string percent_encode(std::string_view text);

/// The endpoint of a profile, of a gateway whose /mcp is at `mcp_url`; "" is that one itself.
std::string endpoint_url(const std::string& mcp_url, const std::string& profile);

}  // namespace gateway
