#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// What "tools" of an entry can say. A key that is not listed here is refused before it is read.
inline constexpr auto kToolsKeys = std::to_array<std::string_view>({"allow", "deny", "override"});

/// What "oauth" and "bearer" of an entry can say; likewise.
inline constexpr auto kOauthKeys = std::to_array<std::string_view>({"account",
                                                                    "scopes",
                                                                    "grant",
                                                                    "clientId",
                                                                    "clientSecret",
                                                                    "clientAuthentication",
                                                                    "privateKeyFile",
                                                                    "clientMetadataUrl",
                                                                    "authorizationServer",
                                                                    "callbackPort",
                                                                    "callbackUrl",
                                                                    "allowPrivateAddresses"});
inline constexpr auto kBearerKeys = std::to_array<std::string_view>({"env", "file", "command", "timeout"});

/// What an entry is read against.
struct EntryContext {
  const Environment& environment;
  std::string file;    // for messages
  std::string folder;  // absolute; relative cwd and envFile start here
  bool foreign = false;
};

/// One entry of mcpServers: either of the first two is there.
struct ServerEntry {
  std::optional<ServerSpec> spec;
  std::optional<BrokenServer> broken;
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> files;  // that it is read from beside the configuration, there or not
};

/// Checks and resolves an entry. A disabled one may refer to variables and an envFile that are not there: they are left empty.
ServerEntry read_server(const JsonMember& member, const std::string& path, const EntryContext& context);

/// An entry that cannot run, with what was found about it.
ServerEntry broken_server(const JsonMember& member, mcp::ErrorCode code, const Findings& findings, const EntryContext& context);

}  // namespace gateway
