#include "mcp/session/http_access.h"

#include <algorithm>
#include <string>

#include "mcp/base/ascii.h"
#include "mcp/http/url.h"

namespace mcp {

namespace {

/// The host of "host", "host:port", "[v6]" or "[v6]:port", without brackets; "" when it is none of these.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view rest = authority.substr(end + 1);
    return rest.empty() || rest.front() == ':' ? authority.substr(1, end - 1) : std::string_view();
  }
  return authority.substr(0, authority.find(':'));
}

bool is_one_of(std::string_view name, const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [name](const std::string& known) { return equals_ignoring_case(name, known); });
}

bool origin_allowed(std::string_view origin, const std::vector<std::string>& allowed) {
  if (is_one_of(origin, allowed)) return true;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(origin.substr(0, scheme.size()), scheme)) continue;
    return is_loopback_host(host_of(origin.substr(scheme.size())));
  }
  return false;
}

}  // namespace

Result<> check_access(std::string_view host,
                      std::string_view origin,
                      const std::vector<std::string>& allowed_hosts,
                      const std::vector<std::string>& allowed_origins) {
  const std::string_view name = host_of(host);
  if (!is_loopback_host(name) && !is_one_of(name, allowed_hosts)) {
    return fail(ErrorCode::invalid_request,
                "Host \"" + std::string(host.substr(0, 200)) + "\" is not served here",
                "Use 127.0.0.1 or localhost, or add the name to allowedHosts in the configuration.");
  }
  return check_origin(origin, allowed_origins);
}

Result<> check_origin(std::string_view origin, const std::vector<std::string>& allowed_origins) {
  if (origin.empty() || origin_allowed(origin, allowed_origins)) return {};
  return fail(ErrorCode::invalid_request,
              "Origin \"" + std::string(origin.substr(0, 200)) + "\" may not call this endpoint",
              "Add it to allowedOrigins in the configuration if you trust that web page.");
}

AcceptedTypes accepted_types(std::string_view accept) {
  if (accept.empty()) return {true, true};
  AcceptedTypes accepted;
  while (!accept.empty()) {
    const auto comma = accept.find(',');
    const std::string_view item = trim_blanks(accept.substr(0, std::min(comma, accept.find(';'))));
    const bool any = item == "*/*";
    accepted.json |= any || equals_ignoring_case(item, "application/json") || equals_ignoring_case(item, "application/*");
    accepted.stream |= any || equals_ignoring_case(item, "text/event-stream") || equals_ignoring_case(item, "text/*");
    if (comma == std::string_view::npos) break;
    accept.remove_prefix(comma + 1);
  }
  return accepted;
}

bool is_media_type(std::string_view content_type, std::string_view type) {
  return equals_ignoring_case(trim_blanks(content_type.substr(0, content_type.find(';'))), type);
}

}  // namespace mcp
