#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/config_file.h"
#include "gateway/config/jsonc.h"
#include "mcp/base/result.h"

namespace gateway {

/// A server as it is to be written into a configuration; ${VAR} stays as it is.
struct NewServer {
  std::string name;
  std::vector<std::string> command;  // the program and its arguments; empty for one with a URL
  std::string url, type, cwd;        // "": not written
  std::vector<std::pair<std::string, std::string>> env, headers;
  bool enabled = true;
  bool required = false;
  std::vector<std::string> profiles;  // that get it, too; they are made where they are not there

  bool operator==(const NewServer&) const = default;
};

/// What an edit of a configuration comes to.
struct ConfigEdit {
  struct InProfile {
    std::string profile, server;
    bool made = false;  // the profile itself is new
  };

  std::string text;                    // of the file
  std::vector<std::string> changed;    // servers whose entry was changed, added or taken out
  std::vector<std::string> unchanged;  // those that were that way already
  std::vector<InProfile> profiles;     // where a server was put in or taken out
  std::vector<std::string> lost_keys;  // what a replaced entry had and the new one has not
  std::vector<std::string> warnings;   // what is odd, or goes wrong, about the servers as they are now
  bool replaced = false;               // an entry of that name was there
};

/// What an edit is checked against: names and folder of the file, and where variables come from.
struct EditBase {
  const std::string& file;
  const Environment& environment;
};

// Edits of a configuration's text. Everything else in it stays, comments too. Each refuses with an Error config_invalid, whose
// message names the thing: another client's file, one that cannot be read as a whole, servers that are not there (and the nearest
// that are), what would not be valid afterwards. Nothing of an edit is done then.

/// Adds a server, or with `replace` gives one that is there this entry. No text: there is no file, and one is begun. Error
/// name_invalid for a name that no server can have; a server whose variables are not set is added, with a warning.
mcp::Result<ConfigEdit> add_server(const EditBase& base,
                                   const std::optional<std::string>& text,
                                   const NewServer& server,
                                   bool replace);

/// Adds servers with these entries, none of which is there. As add_server(), of which it is the general form.
mcp::Result<ConfigEdit> add_entries(const EditBase& base,
                                    const std::optional<std::string>& text,
                                    const std::vector<std::pair<std::string, JsonNode>>& entries);

/// Takes servers out, also of the profiles that name them.
mcp::Result<ConfigEdit> remove_servers(const EditBase& base,
                                       const std::optional<std::string>& text,
                                       const std::vector<std::string>& names);

/// Switches servers on or off.
mcp::Result<ConfigEdit> switch_servers(const EditBase& base,
                                       const std::optional<std::string>& text,
                                       const std::vector<std::string>& names,
                                       bool on);

}  // namespace gateway
