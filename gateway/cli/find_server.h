#pragma once

#include <string>

#include "gateway/cli/gateway_access.h"
#include "gateway/config/config.h"

namespace gateway {

/// An entry of the configuration, be it enabled or not. Error config_invalid: there is none of that name (with the nearest, and
/// `remedy`), or it cannot be used.
mcp::Result<ServerSpec> find_server(const CommandContext& context, const std::string& name, std::string remedy = {});

/// The same for a login's end, where a URL is as good, also as url_text() shows it: that of a server which is not there any more.
mcp::Result<ServerSpec> find_login_server(const CommandContext& context, const std::string& name);

}  // namespace gateway
