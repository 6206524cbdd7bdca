#include "gateway/import/import_plan.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "gateway/config/entry_text.h"
#include "gateway/config/expand.h"
#include "gateway/config/jsonc_write.h"
#include "gateway/config/near_name.h"
#include "gateway/config/server_entry.h"
#include "mcp/http/url.h"

namespace gateway {
namespace {

using mcp::Result;

/// What says which server it is: with these alike, two entries are the same server, however it is treated.
constexpr auto kConnection = std::to_array<std::string_view>({"command", "args", "env", "envFile", "cwd", "url", "headers"});

std::unexpected<mcp::Error> invalid(std::string message, std::string remedy = {}) {
  return mcp::fail(mcp::ErrorCode::config_invalid, std::move(message), std::move(remedy));
}

std::string folder_of(const std::string& file) {
  return std::filesystem::path(file).parent_path().string();
}

/// Whether the entry starts this very program as a gateway, or reaches the gateway of this configuration.
bool is_switchyard(const ServerSpec& spec, const ListenAddress& listen) {
  if (const auto* stdio = std::get_if<StdioSpec>(&spec.transport)) {
    return std::filesystem::path(stdio->command).filename() == "switchyard" &&
           std::ranges::find(stdio->args, "serve") != stdio->args.end();
  }
  const auto url = mcp::Url::parse(std::get<HttpSpec>(spec.transport).url);
  if (!url || !url->target.starts_with("/mcp")) return false;
  const bool here = url->host == "127.0.0.1" || url->host == "localhost" || url->host == "::1" || url->host == listen.host;
  return here && url->port == listen.port;
}

std::string place_text(TextPosition at) {
  return "line " + std::to_string(at.line) + ", column " + std::to_string(at.column);
}

class Planner {
 public:
  Planner(const ImportBase& base, const ImportChoices& choices, const JsonNode& ours, const ListenAddress& listen)
      : base_(base),
        choices_(choices),
        listen_(listen),
        namer_([&base](const std::string& name) { return base.environment(std::string(kSecretPrefix) + name); }) {
    const JsonMember* servers = ours.find("mcpServers");
    for (const JsonMember& member : servers == nullptr ? std::vector<JsonMember>() : servers->value.members)
      taken_.emplace(member.key, member.value);
  }

  ImportPlan run(std::vector<SourceReading> sources) {
    plan_.sources = std::move(sources);
    for (std::size_t i = 0; i < plan_.sources.size(); ++i) {
      for (const FoundServer& server : plan_.sources[i].servers)
        convert(i, server);
    }
    give_names();
    for (const ImportedServer& server : plan_.servers) {
      if (server.verdict != ImportVerdict::add) continue;
      for (const MovedSecret& secret : server.converted.secrets) {
        if (!secret.stored) plan_.secrets[secret.name] = namer_.value(secret.name).value_or("");
      }
    }
    return std::move(plan_);
  }

 private:
  void convert(std::size_t source, const FoundServer& found) {
    ImportedServer server{.source = source, .found_as = found.name, .name = found.name, .folder = found.folder};
    if (found.earlier) {
      server.twice = "the file has this name more than once; the one at " + place_text(found.at) + " is taken, that at " +
                     place_text(*found.earlier) + " is not";
    }
    const bool asked = choices_.only.empty() || std::ranges::find(choices_.only, found.name) != choices_.only.end();
    if (!asked) {
      server.verdict = ImportVerdict::not_asked;
      server.why = "not asked for";
    } else {
      server.converted = convert_server(found, plan_.sources[source], namer_);
      std::erase_if(server.converted.needed, [this](const NeededValue& needed) {
        return needed.secret ? namer_.value(needed.name).has_value() : base_.environment(needed.name).has_value();
      });
      const JsonMember* enabled = server.converted.entry.find("enabled");
      server.disabled = enabled != nullptr;
      server.why = server.converted.problem;
      server.verdict = server.why.empty() ? ImportVerdict::add : ImportVerdict::unusable;
      if (server.why.empty()) check(server, found);
    }
    plan_.servers.push_back(std::move(server));
  }

  /// Reads the entry as the gateway will.
  void check(ImportedServer& server, const FoundServer& found) {
    const Environment environment = [this](std::string_view name) -> std::optional<std::string> {
      if (!name.starts_with(kSecretPrefix)) return base_.environment(name);
      return namer_.value(std::string(name.substr(kSecretPrefix.size())));
    };
    JsonMember member;
    member.key = renamed(server) ? choices_.renames.at(server.found_as) : found.name;
    member.at = found.at;
    member.value = server.converted.entry;
    const EntryContext context{environment, base_.file, folder_of(base_.file), false};
    const ServerEntry read = read_server(member, "", context);
    for (const Diagnostic& one : read.diagnostics) {
      const std::string text = (one.path.empty() ? "" : one.path + ": ") + one.message;
      const bool given_later = std::ranges::any_of(
          server.converted.needed, [&](const NeededValue& needed) { return one.message.contains(" " + needed.name + " "); });
      if (one.severity == Diagnostic::Severity::error && one.missing == Diagnostic::Missing::nothing) {
        server.verdict = ImportVerdict::unusable;
        server.why.append(server.why.empty() ? "" : "; ").append(text);
      } else if (!given_later) {
        server.converted.notes.push_back(text);
      }
    }
    if (server.verdict == ImportVerdict::add && read.spec && is_switchyard(*read.spec, listen_)) {
      server.verdict = ImportVerdict::unusable;
      server.why = "it is Switchyard itself";
    }
  }

  bool renamed(const ImportedServer& server) const { return choices_.renames.contains(server.found_as); }

  /// Names in the order of the sources; renames go to those that need them first.
  void give_names() {
    std::set<std::string> needing;
    for (const auto& [from, to] : choices_.renames) {
      const auto is_it = [&](const ImportedServer& server) {
        return server.verdict == ImportVerdict::add && server.found_as == from;
      };
      const auto first = std::ranges::find_if(plan_.servers, is_it);
      auto chosen = std::ranges::find_if(plan_.servers, [&](const ImportedServer& server) {
        return is_it(server) && taken_.contains(from) && !same_as(server, taken_.at(from));
      });
      // The second of that name, where the first one can keep it.
      if (chosen == plan_.servers.end() && first != plan_.servers.end()) {
        chosen = std::find_if(std::next(first), plan_.servers.end(), [&](const ImportedServer& server) {
          return is_it(server) && !same_as(server, first->converted.entry);
        });
      }
      if (chosen == plan_.servers.end()) chosen = first;
      if (chosen != plan_.servers.end()) chosen->name = to;
    }
    for (ImportedServer& server : plan_.servers) {
      if (server.verdict == ImportVerdict::add) take_name(server);
    }
  }

  void take_name(ImportedServer& server) {
    const std::string wanted = server.name;
    for (int number = 2;; ++number) {
      const auto there = taken_.find(server.name);
      if (there == taken_.end()) break;
      if (same_as(server, there->second)) {
        server.verdict = ImportVerdict::same;
        server.why = given_.contains(server.name) ? "the same as that of " + given_.at(server.name) : "there already";
        return;
      }
      if (!choices_.number_taken) {
        server.verdict = ImportVerdict::taken;
        server.why = "the name is taken" + (given_.contains(server.name) ? " by that of " + given_.at(server.name) : "") + ": " +
                     entry_text(there->second);
        return;
      }
      server.name = wanted + "-" + std::to_string(number);
    }
    taken_.emplace(server.name, server.converted.entry);
    given_.emplace(server.name, source_text(server));
  }

  std::string source_text(const ImportedServer& server) const {
    const SourceFile& file = plan_.sources[server.source].file;
    const std::string_view client = client_name(file.client);
    const std::string where = server.folder.empty() ? "" : " (" + server.folder + ")";
    return (client.empty() ? file.path : std::string(client)) + where;
  }

  bool same_as(const ImportedServer& server, const JsonNode& entry) const {
    return std::ranges::all_of(kConnection, [&](std::string_view key) {
      const JsonMember *mine = server.converted.entry.find(key), *other = entry.find(key);
      if (mine == nullptr || other == nullptr) return mine == other;
      return same_value(resolved(mine->value), resolved(other->value));
    });
  }

  /// With the secrets in the place of their names, and members in the order of their keys.
  JsonNode resolved(JsonNode node) const {
    if (node.is(JsonNode::Kind::string)) {
      std::string text;
      std::string_view rest = node.text;
      const std::string open = "${" + std::string(kSecretPrefix);
      for (std::size_t at = rest.find(open); at != std::string_view::npos; at = rest.find(open)) {
        const std::size_t close = rest.find('}', at);
        if (close == std::string_view::npos) break;
        const std::string name(rest.substr(at + open.size(), close - at - open.size()));
        text.append(rest.substr(0, at)).append(namer_.value(name).value_or("${" + name + "}"));
        rest.remove_prefix(close + 1);
      }
      node.text = text.append(rest);
    }
    for (JsonNode& item : node.items)
      item = resolved(std::move(item));
    for (JsonMember& member : node.members)
      member.value = resolved(std::move(member.value));
    std::ranges::sort(node.members, {}, &JsonMember::key);
    return node;
  }

  const ImportBase& base_;
  const ImportChoices& choices_;
  const ListenAddress& listen_;
  SecretNamer namer_;
  std::map<std::string, JsonNode> taken_;     // names that are no longer free, and what has them
  std::map<std::string, std::string> given_;  // those that this import gives, and to whose server
  ImportPlan plan_;
};

/// Each is set into the text of the configuration by itself.
constexpr std::size_t kMostServers = 1000;

Result<> check_choices(const std::vector<SourceReading>& sources, const ImportChoices& choices) {
  std::vector<std::string_view> known;
  for (const SourceReading& source : sources) {
    for (const FoundServer& server : source.servers)
      known.push_back(server.name);
  }
  if (known.size() > kMostServers) {
    return invalid("there are more than " + std::to_string(kMostServers) + " servers to import", "Name one source at a time.");
  }
  const auto unknown = [&](const std::string& name) -> Result<> {
    if (std::ranges::find(known, name) != known.end()) return {};
    return invalid("there is no server " + gateway::quoted(name) + " to import" + name_hint(name, known));
  };
  for (const std::string& name : choices.only) {
    if (auto there = unknown(name); !there) return there;
  }
  std::set<std::string> names;
  for (const auto& [from, to] : choices.renames) {
    if (auto there = unknown(from); !there) return there;
    if (!names.insert(to).second)
      return invalid("two servers cannot both be named " + gateway::quoted(to), "Give them different names.");
  }
  return {};
}

}  // namespace

std::size_t ImportPlan::count(ImportVerdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(servers, verdict, &ImportedServer::verdict));
}

Result<ImportPlan> plan_import(std::vector<SourceReading> sources, const ImportBase& base, const ImportChoices& choices) {
  if (auto fit = check_choices(sources, choices); !fit) return std::unexpected(fit.error());
  Config config;
  JsonNode root;
  if (base.text && base.text->find_first_not_of(" \t\r\n") != std::string::npos) {
    auto read = parse_config(*base.text, base.file, base.environment);
    if (!read) return invalid(read.error().message, "Mend that first.");
    config = std::move(*read);
    root = parse_jsonc(*base.text).root;
  }
  return Planner(base, choices, root, config.listen).run(std::move(sources));
}

}  // namespace gateway
