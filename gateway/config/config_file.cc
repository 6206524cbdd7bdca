#include "gateway/config/config_file.h"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/server_entry.h"
#include "gateway/config/server_fields.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/text_file.h"
#include "gateway/config/top_level.h"

namespace gateway {
namespace {

constexpr std::string_view kBeginOne = R"(Begin one with "switchyard import" or "switchyard add NAME -- COMMAND")";

std::string folder_of(const std::string& file) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(file.empty() ? "." : file, error);
  return error ? std::string(".") : (file.empty() ? whole : whole.parent_path()).string();
}

bool is_toml(const std::string& file) {
  const std::string extension = std::filesystem::path(file).extension().string();
  return extension == ".toml" || extension == ".TOML";
}

std::unexpected<mcp::Error> refused(const std::vector<Diagnostic>& diagnostics, const std::string& file) {
  std::string message;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Diagnostic::Severity::error) continue;
    if (!message.empty()) message += '\n';
    message += diagnostic.text(file);
  }
  return mcp::fail(mcp::ErrorCode::config_invalid, std::move(message));
}

std::unexpected<mcp::Error> refused_syntax(const std::vector<JsonProblem>& problems, const std::string& file) {
  std::vector<Diagnostic> diagnostics;
  diagnostics.reserve(problems.size());
  for (const JsonProblem& problem : problems) {
    diagnostics.push_back({Diagnostic::Severity::error, problem.path, problem.at.line, problem.at.column, problem.message});
  }
  return refused(diagnostics, file);
}

void add(Config& config, ServerEntry entry) {
  if (entry.spec) config.servers.push_back(std::move(*entry.spec));
  if (entry.broken) {
    entry.broken->place = config.servers.size();
    config.broken.push_back(std::move(*entry.broken));
  }
  config.diagnostics.insert(config.diagnostics.end(), entry.diagnostics.begin(), entry.diagnostics.end());
  config.files.insert(config.files.end(), entry.files.begin(), entry.files.end());
}

/// A name given to several entries: the last one counts in a foreign file, as it does for its client; in a file of ours none runs.
ServerEntry read_repeated(const JsonMember& last, const std::string& path, const EntryContext& context) {
  Findings findings;
  if (!context.foreign) {
    findings.error(path, last.at, repeated_message(*last.earlier));
    return broken_server(last, mcp::ErrorCode::config_invalid, findings, context);
  }
  findings.warning(path, last.at, repeated_message(*last.earlier) + "; the last one counts");
  ServerEntry entry = read_server(last, path, context);
  entry.diagnostics.insert(entry.diagnostics.begin(), findings.all().begin(), findings.all().end());
  return entry;
}

void read_servers(const JsonMember& servers, const EntryContext& context, Config& config, Findings& findings) {
  if (!servers.value.is(JsonNode::Kind::object)) return findings.wrong_type(servers.key, servers.value, "an object of servers");
  std::map<std::string_view, const JsonMember*> last;
  for (const JsonMember& member : servers.value.members)
    last[member.key] = &member;
  for (const JsonMember& member : servers.value.members) {
    if (last[member.key] != &member) continue;
    const std::string path = path_of_key(servers.key, member.key);
    add(config, member.earlier ? read_repeated(member, path, context) : read_server(member, path, context));
  }
}

}  // namespace

mcp::Result<Config> parse_config(std::string_view text, const std::string& file, const Environment& environment) {
  const JsonDocument document = parse_jsonc(text, keys_that_are_read());
  if (!document.problems.empty()) return refused_syntax(document.problems, file);
  const JsonNode& root = document.root;
  Config config;
  config.file = file;
  Findings findings;
  if (root.is(JsonNode::Kind::object)) {
    config.foreign = is_foreign(root);
    const EntryContext context{environment, file, folder_of(file), config.foreign};
    const JsonMember* servers = servers_member(root, config.foreign, findings);
    if (servers != nullptr) read_servers(*servers, context, config, findings);
    if (!config.foreign) read_top_level(root, environment, config, findings);
  } else {
    findings.wrong_type("", root, "an object: { \"mcpServers\": { … } }");
  }
  config.diagnostics.insert(config.diagnostics.end(), findings.all().begin(), findings.all().end());
  sort_by_place(config.diagnostics);
  if (!findings.usable()) return refused(config.diagnostics, file);
  return config;
}

mcp::Result<> refuse_toml(const std::string& file) {
  if (!is_toml(file)) return {};
  return mcp::fail(mcp::ErrorCode::config_invalid,
                   "configuration " + file + ": TOML, as Codex has it, is no configuration of Switchyard's",
                   "Take its servers over into one: switchyard import " + shell_word(file));
}

mcp::Result<Config> load_config(const std::string& file, const Environment& environment) {
  const auto text = read_text_file(file, kJsoncMaxBytes);
  if (!text) {
    const std::string& remedy = text.error().remedy;
    return mcp::fail(mcp::ErrorCode::io_error,
                     "configuration " + text.error().message,
                     (remedy.empty() ? std::string(kBeginOne) : remedy) + ", or name another with --config FILE.");
  }
  if (const auto json = refuse_toml(file); !json) return std::unexpected(json.error());
  return parse_config(*text, file, environment);
}

}  // namespace gateway
