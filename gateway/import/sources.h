#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config_file.h"

namespace gateway {

/// Whose servers are taken over. `other`: a file whose writer is not known.
enum class ImportClient { claude_desktop, claude_code, cursor, vscode, codex, other };

/// The word of the command line: "claude-desktop"; "file" for `other`.
std::string_view client_word(ImportClient client);

/// As people call it: "Claude Desktop"; "" for `other`.
std::string_view client_name(ImportClient client);

std::optional<ImportClient> client_of_word(std::string_view word);

/// The words, in the order of the help.
std::vector<std::string_view> client_words();

/// A file in which a client keeps servers.
struct SourceFile {
  ImportClient client = ImportClient::other;
  std::string path;    // absolute
  std::string folder;  // of the project that it is about; "": it is about its user

  bool operator==(const SourceFile&) const = default;
};

/// Where clients keep their servers, be something there or not: the files of the user whose variables these are (HOME,
/// XDG_CONFIG_HOME, CODEX_HOME, CLAUDE_CONFIG_DIR), and those of the project in `folder` ("": of none). Of one client, or of all.
std::vector<SourceFile> known_sources(std::optional<ImportClient> client,
                                      const Environment& environment,
                                      const std::string& folder);

/// A file that somebody names: whose it is by its path where that is one of `known`, else by its name.
SourceFile source_of_file(const std::string& path, const std::vector<SourceFile>& known);

}  // namespace gateway
