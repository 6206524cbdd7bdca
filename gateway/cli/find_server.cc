#include "gateway/cli/find_server.h"

#include <set>
#include <utility>
#include <vector>

#include "gateway/config/entry_text.h"
#include "gateway/config/near_name.h"
#include "gateway/host/stored_secrets.h"
#include "mcp/http/url.h"
#include "oauth/credential_store.h"

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
  auto store = open_credential_store(context.state_dir(), context.environment.variables);
  const auto loaded = store->load_all();
  if (!loaded) return std::unexpected(loaded.error());
  std::set<std::string> meant;
  for (const oauth::Credential& credential : loaded->credentials) {
    if (credential.server_url == name || url_text(credential.server_url) == name) meant.insert(credential.server_url);
  }
  if (const auto url = mcp::Url::parse(name); meant.empty() && !url) return std::unexpected(url.error());
  if (meant.size() > 1)
    return mcp::fail(mcp::ErrorCode::config_invalid, "several logins are shown as " + name, "Write the whole URL.");
  ServerSpec spec;
  spec.name = ServerName(url_text(name));
  spec.transport = HttpSpec{.url = meant.empty() ? name : *meant.begin()};
  return spec;
}

}  // namespace gateway
