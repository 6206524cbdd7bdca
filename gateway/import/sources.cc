#include "gateway/import/sources.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>

namespace gateway {
namespace {

struct Known {
  ImportClient client;
  std::string_view word, name;
};

constexpr std::array kClients = std::to_array<Known>({
    {ImportClient::claude_desktop, "claude-desktop", "Claude Desktop"},
    {ImportClient::claude_code, "claude-code", "Claude Code"},
    {ImportClient::cursor, "cursor", "Cursor"},
    {ImportClient::vscode, "vscode", "VS Code"},
    {ImportClient::codex, "codex", "Codex"},
});

std::string folder_in(const Environment& environment, std::string_view variable, const std::string& otherwise) {
  const auto named = environment(variable);
  return named && named->starts_with('/') ? *named : otherwise;
}

std::vector<SourceFile> files_of_user(const Environment& environment) {
  const std::string home = environment("HOME").value_or("");
  if (!home.starts_with('/')) return {};
  const std::string config = folder_in(environment, "XDG_CONFIG_HOME", home + "/.config");
  const std::string support = home + "/Library/Application Support";  // macOS
  // With the variable, what is beside the folder otherwise is in it.
  const std::string code = folder_in(environment, "CLAUDE_CONFIG_DIR", home);
  std::vector<SourceFile> files = {
      {ImportClient::claude_desktop, config + "/Claude/claude_desktop_config.json", ""},
      {ImportClient::claude_desktop, support + "/Claude/claude_desktop_config.json", ""},
      {ImportClient::claude_code, code + "/.claude.json", ""},
      {ImportClient::cursor, home + "/.cursor/mcp.json", ""},
  };
  for (const std::string& user : {config + "/Code/User", support + "/Code/User"}) {
    files.push_back({ImportClient::vscode, user + "/mcp.json", ""});
    files.push_back({ImportClient::vscode, user + "/settings.json", ""});
  }
  files.push_back({ImportClient::codex, folder_in(environment, "CODEX_HOME", home + "/.codex") + "/config.toml", ""});
  return files;
}

std::vector<SourceFile> files_of_project(const std::string& folder) {
  if (folder.empty()) return {};
  return {
      {ImportClient::claude_code, folder + "/.mcp.json", folder},
      {ImportClient::cursor, folder + "/.cursor/mcp.json", folder},
      {ImportClient::vscode, folder + "/.vscode/mcp.json", folder},
      {ImportClient::vscode, folder + "/.vscode/settings.json", folder},
      {ImportClient::codex, folder + "/.codex/config.toml", folder},
  };
}

}  // namespace

std::string_view client_word(ImportClient client) {
  const auto known = std::ranges::find(kClients, client, &Known::client);
  return known == kClients.end() ? "file" : known->word;
}

std::string_view client_name(ImportClient client) {
  const auto known = std::ranges::find(kClients, client, &Known::client);
  return known == kClients.end() ? "" : known->name;
}

std::optional<ImportClient> client_of_word(std::string_view word) {
  const auto known = std::ranges::find(kClients, word, &Known::word);
  return known == kClients.end() ? std::nullopt : std::optional(known->client);
}

std::vector<std::string_view> client_words() {
  std::vector<std::string_view> words;
  words.reserve(kClients.size());
  for (const Known& known : kClients)
    words.push_back(known.word);
  return words;
}

std::vector<SourceFile> known_sources(std::optional<ImportClient> client,
                                      const Environment& environment,
                                      const std::string& folder) {
  std::vector<SourceFile> files = files_of_user(environment);
  for (SourceFile& file : files_of_project(folder)) {
    // Who stands in the home folder has the user's files there already.
    if (std::ranges::find(files, file.path, &SourceFile::path) == files.end()) files.push_back(std::move(file));
  }
  std::vector<SourceFile> sorted;
  for (const Known& known : kClients) {
    if (client && *client != known.client) continue;
    std::ranges::copy_if(files, std::back_inserter(sorted), [&](const SourceFile& file) { return file.client == known.client; });
  }
  return sorted;
}

SourceFile source_of_file(const std::string& path, const std::vector<SourceFile>& known) {
  const auto same = std::ranges::find(known, path, &SourceFile::path);
  if (same != known.end()) return *same;
  const std::filesystem::path whole(path);
  const std::filesystem::path above = whole.parent_path();
  const std::string name = whole.filename().string();
  SourceFile file{ImportClient::other, path, ""};
  if (name == "claude_desktop_config.json") file.client = ImportClient::claude_desktop;
  if (name == ".claude.json") file.client = ImportClient::claude_code;
  if (name == ".mcp.json") file = {ImportClient::claude_code, path, above.string()};
  const std::string in = above.filename().string();
  const std::string project = above.parent_path().string();
  if (in == ".cursor") file = {ImportClient::cursor, path, project};
  if (in == ".vscode") file = {ImportClient::vscode, path, project};
  if (in == ".codex") file = {ImportClient::codex, path, project};
  return file;
}

}  // namespace gateway
