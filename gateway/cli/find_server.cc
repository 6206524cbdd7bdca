#include "gateway/cli/find_server.h"

#include <utility>
#include <vector>

#include "gateway/config/near_name.h"
#include "mcp/http/url.h"

namespace gateway {

mcp::Result<ServerSpec> find_server(const CommandContext& context, const std::string& name, std::string remedy) {
  const std::string file = known_config(context);
  auto config = load_config(file, context.environment.variables);
  if (!config) return std::unexpected(std::move(config).error());
  std::vector<std::string_view> names;
  for (ServerSpec& server : config->servers) {
    if (server.name.str() == name) return std::move(server);
    names.push_back(server.name.str());
  }
  for (const BrokenServer& server : config->broken) {
    if (server.name.str() == name) return std::unexpected(server.error);
    names.push_back(server.name.str());
  }
  return mcp::fail(
      mcp::ErrorCode::config_invalid, "there is no server \"" + name + "\" in " + file + name_hint(name, names), std::move(remedy));
}

mcp::Result<ServerSpec> find_login_server(const CommandContext& context, const std::string& name) {
  if (!name.starts_with("https://") && !name.starts_with("http://")) return find_server(context, name);
  if (const auto url = mcp::Url::parse(name); !url) return std::unexpected(url.error());
  ServerSpec spec;
  spec.name = ServerName(name);
  spec.transport = HttpSpec{.url = name};
  return spec;
}

}  // namespace gateway
