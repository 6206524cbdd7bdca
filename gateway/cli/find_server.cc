#include "gateway/cli/find_server.h"

#include <utility>
#include <vector>

#include "gateway/config/near_name.h"

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

}  // namespace gateway
