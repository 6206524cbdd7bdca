#include "mcp/session/http_access.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "mcp/http/url.h"

namespace mcp {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// The host of "host", "host:port", "[v6]" or "[v6]:port", lower case, without brackets; "" when it is none of these.
std::string host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view rest = authority.substr(end + 1);
    return rest.empty() || rest.front() == ':' ? lower(authority.substr(1, end - 1)) : std::string();
  }
  return lower(authority.substr(0, authority.find(':')));
}

bool origin_allowed(std::string_view given, const std::vector<std::string>& allowed) {
  const std::string origin = lower(given);
  if (std::ranges::find(allowed, origin) != allowed.end()) return true;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return is_loopback_host(host_of(std::string_view(origin).substr(scheme.size())));
  }
  return false;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

}  // namespace

Result<> check_access(std::string_view host,
                      std::string_view origin,
                      const std::vector<std::string>& allowed_hosts,
                      const std::vector<std::string>& allowed_origins) {
  const std::string name = host_of(host);
  if (!is_loopback_host(name) && std::ranges::find(allowed_hosts, name) == allowed_hosts.end()) {
    return fail(ErrorCode::invalid_request,
                "Host \"" + std::string(host.substr(0, 200)) + "\" is not served here",
                "Use 127.0.0.1 or localhost, or add the name to allowedHosts in the configuration.");
  }
  if (!origin.empty() && !origin_allowed(origin, allowed_origins)) {
    return fail(ErrorCode::invalid_request,
                "Origin \"" + std::string(origin.substr(0, 200)) + "\" may not call this endpoint",
                "Add it to allowedOrigins in the configuration if you trust that web page.");
  }
  return {};
}

bool accepts(std::string_view accept, std::string_view type) {
  if (accept.empty()) return true;
  const std::string_view family = type.substr(0, type.find('/'));
  while (!accept.empty()) {
    const auto comma = accept.find(',');
    const std::string item = lower(trim(accept.substr(0, std::min(comma, accept.find(';')))));
    if (item == type || item == "*/*" || item == std::string(family) + "/*") return true;
    if (comma == std::string_view::npos) return false;
    accept.remove_prefix(comma + 1);
  }
  return false;
}

bool is_media_type(std::string_view content_type, std::string_view type) {
  return lower(trim(content_type.substr(0, content_type.find(';')))) == type;
}

}  // namespace mcp
