#include "gateway/catalog/qualified_uri.h"

#include "mcp/base/ascii.h"
#include "mcp/base/percent.h"

namespace gateway {

namespace {

constexpr std::string_view kPrefix = "switchyard://";

}  // namespace

std::string qualified_uri(const ServerName& server, std::string_view uri) {
  std::string out(kPrefix);
  out += mcp::percent_encode(server.str());
  out += '/';
  out += uri;
  return out;
}

bool is_qualified(std::string_view uri) {
  constexpr std::string_view kScheme = "switchyard:";
  return uri.size() >= kScheme.size() && mcp::equals_ignoring_case(uri.substr(0, kScheme.size()), kScheme);
}

std::optional<QualifiedUri> parse_qualified_uri(std::string_view uri) {
  if (!uri.starts_with(kPrefix)) return std::nullopt;
  uri.remove_prefix(kPrefix.size());
  const auto slash = uri.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == uri.size()) return std::nullopt;
  return QualifiedUri{ServerName(mcp::percent_decode(uri.substr(0, slash))), std::string(uri.substr(slash + 1))};
}

}  // namespace gateway
