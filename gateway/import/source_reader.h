#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/jsonc.h"
#include "gateway/import/sources.h"
#include "mcp/base/result.h"

namespace gateway {

/// A question that VS Code asks before it starts a server; ${input:ID} is the answer.
struct AskedInput {
  std::string description;
  std::optional<std::string> otherwise;  // the answer it begins with
  bool password = false;
};

/// A server as it stands in another client's file.
struct FoundServer {
  std::string name;
  JsonNode entry;
  TextPosition at;                           // of the name
  std::string folder;                        // of the project it is for; "": for all
  bool disabled = false;                     // by something beside the entry
  std::optional<TextPosition> earlier = {};  // where the file has another one of that name, which does not count
};

/// What a file holds.
struct SourceReading {
  SourceFile file;
  std::vector<FoundServer> servers;          // in the order of the file
  std::map<std::string, AskedInput> inputs;  // by their ids
};

/// Reads a client's file; never writes to it. JSON with comments and trailing commas, or TOML, by its name and what it begins with.
/// TOML with "mcp_servers" whose writer is not known is taken for Codex's. Where the servers are tell the keys that are there:
/// "mcpServers" (and "projects" of Claude Code), "servers" with "inputs", "mcp" with these (VS Code's settings), "context_servers",
/// "mcp_servers" (Codex). A file that knows no servers has none.
///
/// Errors: io_error as read_text_file() says, its message alone saying "no such file" where there is none; config_invalid naming
/// file, line, column and what is wrong there. Takes any bytes.
mcp::Result<SourceReading> read_source(const SourceFile& file);

/// The same of a text.
mcp::Result<SourceReading> parse_source(std::string_view text, const SourceFile& file);

/// Servers that Claude Code's own file switches off in a project (`folder`) although others define them there.
std::vector<std::string> switched_off_in(const JsonNode& claude_root, const std::string& folder);

/// Marks the servers of a project's .mcp.json that the user's file of Claude Code, `user_file`, switches off. One that cannot be
/// read switches nothing off.
void apply_claude_switches(SourceReading& project, const std::string& user_file);

}  // namespace gateway
