#include "gateway/host/endpoint_url.h"

namespace gateway {

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 0xF]};
    }
  }
  return out;
}

std::string endpoint_url(const std::string& mcp_url, const std::string& profile) {
  return profile.empty() ? mcp_url : mcp_url + "/" + percent_encode(profile);
}

}  // namespace gateway
