#include "oauth/loopback_callback.h"

#include "mcp/http/url.h"

namespace oauth {

std::string LoopbackCallback::uri(std::uint16_t open_port) const {
  return "http://" + host + ":" + std::to_string(port == 0 ? open_port : port) + path;
}

std::optional<LoopbackCallback> LoopbackCallback::parse(std::string_view uri) {
  constexpr std::string_view kScheme = "http://";
  const auto url = mcp::Url::parse(uri);
  if (!url || !uri.starts_with(kScheme)) return std::nullopt;
  if (url->host != "localhost" && url->host != "127.0.0.1" && url->host != "::1") return std::nullopt;
  const std::string_view rest = uri.substr(kScheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const auto colon = authority.rfind(':');
  const bool names_port = colon != std::string_view::npos && !authority.ends_with(']') && colon + 1 < authority.size();
  LoopbackCallback callback;
  callback.host = authority.substr(0, names_port ? colon : authority.size());
  callback.port = names_port ? url->port : 0;
  callback.path = rest.substr(authority.size());
  return callback;
}

}  // namespace oauth
