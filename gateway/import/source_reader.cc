#include "gateway/import/source_reader.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <utility>

#include "gateway/config/text_file.h"
#include "gateway/import/toml_text.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

/// All that anybody reads of a file: the rest of it, megabytes of history, is not kept.
constexpr auto kKeys =
    std::to_array<std::string_view>({"mcpServers", "servers", "inputs", "mcp", "projects", "context_servers", "mcp_servers"});

/// JSON begins with a brace or a comment, TOML with neither; with a bracket both may, but no name of a table begins like a value.
bool begins_like_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos || text[first] == '{' || text[first] == '/') return true;
  const std::size_t second = text[first] == '[' ? text.find_first_not_of(kBlanks, first + 1) : std::string_view::npos;
  return second != std::string_view::npos && (text[second] == ']' || text[second] == '{');
}

bool is_toml(std::string_view text, const std::string& path) {
  const auto extension = std::filesystem::path(path).extension();
  return extension == ".toml" || (extension != ".json" && extension != ".jsonc" && !begins_like_json(text));
}

std::unexpected<mcp::Error> cannot_use(const SourceFile& file, TextPosition at, const std::string& message) {
  return fail(ErrorCode::config_invalid,
              file.path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + message,
              "Mend it there, or leave it out by naming the sources to import.");
}

class Reader {
 public:
  Reader(const JsonNode& root, const SourceFile& file) : root_(root) { reading_.file = file; }

  Result<SourceReading> read() {
    if (!root_.is(JsonNode::Kind::object)) {
      return cannot_use(reading_.file, root_.at, "expected an object with servers, found " + std::string(describe(root_.kind)));
    }
    read_inputs(root_);
    for (const std::string_view key : {"mcpServers", "servers", "context_servers", "mcp_servers"}) {
      if (const JsonMember* member = root_.find(key)) read_servers(*member, reading_.file.folder);
    }
    if (const JsonMember* mcp = root_.find("mcp"); mcp != nullptr && mcp->value.is(JsonNode::Kind::object)) {
      read_inputs(mcp->value);
      if (const JsonMember* servers = mcp->value.find("servers")) read_servers(*servers, reading_.file.folder);
    }
    read_projects();
    if (wrong_) return cannot_use(reading_.file, wrong_->value.at, problem_);
    return std::move(reading_);
  }

 private:
  void read_servers(const JsonMember& member, const std::string& folder) {
    if (member.value.is(JsonNode::Kind::null)) return;
    if (!member.value.is(JsonNode::Kind::object)) {
      wrong_ = &member;
      problem_ = member.key + ": expected an object of servers, found " + std::string(describe(member.value.kind));
      return;
    }
    for (const JsonMember& one : member.value.members) {
      // Of a name that is there twice the last one counts, for all these clients.
      const auto same = std::ranges::find_if(
          reading_.servers, [&](const FoundServer& server) { return server.name == one.key && server.folder == folder; });
      FoundServer server{.name = one.key, .entry = one.value, .at = one.at, .folder = folder, .disabled = false};
      if (same != reading_.servers.end()) {
        server.earlier = same->at;
        *same = std::move(server);
      } else {
        reading_.servers.push_back(std::move(server));
      }
    }
  }

  /// Claude Code's, each with the servers of a folder.
  void read_projects() {
    const JsonMember* projects = root_.find("projects");
    if (projects == nullptr || !projects->value.is(JsonNode::Kind::object)) return;
    for (const JsonMember& project : projects->value.members) {
      const JsonMember* servers = project.value.find("mcpServers");
      if (servers == nullptr || !project.key.starts_with('/')) continue;
      read_servers(*servers, project.key);
      const std::vector<std::string> off = switched_off_in(root_, project.key);
      for (FoundServer& server : reading_.servers) {
        if (server.folder == project.key && std::ranges::find(off, server.name) != off.end()) server.disabled = true;
      }
    }
  }

  void read_inputs(const JsonNode& holder) {
    const JsonMember* inputs = holder.find("inputs");
    if (inputs == nullptr) return;
    const auto text = [](const JsonNode& node, std::string_view key) -> std::optional<std::string> {
      const JsonMember* member = node.find(key);
      if (member == nullptr || !member->value.is(JsonNode::Kind::string)) return std::nullopt;
      return member->value.text;
    };
    for (const JsonNode& input : inputs->value.items) {
      const auto id = text(input, "id");
      if (!id) continue;
      const JsonMember* password = input.find("password");
      reading_.inputs[*id] = {.description = text(input, "description").value_or(""),
                              .otherwise = text(input, "default"),
                              .password = password != nullptr && password->value.boolean};
    }
  }

  const JsonNode& root_;
  SourceReading reading_;
  const JsonMember* wrong_ = nullptr;
  std::string problem_;
};

JsonDocument parse_any(std::string_view text, const std::string& path) {
  return is_toml(text, path) ? parse_toml(text) : parse_jsonc(text, kKeys);
}

}  // namespace

Result<SourceReading> parse_source(std::string_view text, const SourceFile& file) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return SourceReading{.file = file, .servers = {}, .inputs = {}};
  const JsonDocument document = parse_any(text, file.path);
  if (!document.problems.empty()) {
    const JsonProblem& first = document.problems.front();
    return cannot_use(file, first.at, (first.path.empty() ? "" : first.path + ": ") + first.message);
  }
  SourceFile whose = file;
  const bool codex = is_toml(text, file.path) && document.root.find("mcp_servers") != nullptr;
  if (codex && whose.client == ImportClient::other) whose.client = ImportClient::codex;
  return Reader(document.root, whose).read();
}

Result<SourceReading> read_source(const SourceFile& file) {
  auto text = read_text_file(file.path, kJsoncMaxBytes);
  if (!text) {
    if (!text.error().remedy.empty()) text.error().remedy += '.';
    return std::unexpected(std::move(text).error());
  }
  return parse_source(*text, file);
}

std::vector<std::string> switched_off_in(const JsonNode& claude_root, const std::string& folder) {
  std::vector<std::string> names;
  const JsonMember* projects = claude_root.find("projects");
  const JsonMember* project = projects == nullptr ? nullptr : projects->value.find(folder);
  if (project == nullptr) return names;
  for (const std::string_view key : {"disabledMcpServers", "disabledMcpjsonServers"}) {
    const JsonMember* list = project->value.find(key);
    if (list == nullptr) continue;
    for (const JsonNode& item : list->value.items)
      names.push_back(item.text);
  }
  return names;
}

void apply_claude_switches(SourceReading& project, const std::string& user_file) {
  const auto text = read_text_file(user_file, kJsoncMaxBytes);
  if (!text) return;
  const JsonDocument document = parse_any(*text, user_file);
  if (!document.problems.empty()) return;
  const std::vector<std::string> off = switched_off_in(document.root, project.file.folder);
  for (FoundServer& server : project.servers) {
    if (std::ranges::find(off, server.name) != off.end()) server.disabled = true;
  }
}

}  // namespace gateway
