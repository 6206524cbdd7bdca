#include "gateway/doctor/check_configuration.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"
#include "gateway/doctor/check_state.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/http/url.h"

namespace gateway {

namespace {

constexpr std::string_view kFile = "file";
constexpr std::string_view kMend = "Mend the file at that place.";
constexpr std::string_view kBetween = "; ";  // what is wrong; what mends it
constexpr unsigned kOthersRead = 0044, kOthersWrite = 0022;

std::optional<unsigned> mode_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_mode & 07777U;
}

/// Where a line goes over to the remedy: at its first "; ", but not at one within quotes. A line with an odd quote: at the very
/// first.
std::size_t find_remedy(std::string_view line) {
  bool quoted_text = false;
  std::size_t found = std::string_view::npos;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\\') {
      ++at;
    } else if (line[at] == '"') {
      quoted_text = !quoted_text;
    } else if (!quoted_text && found == std::string_view::npos && line.substr(at).starts_with(kBetween)) {
      found = at;
    }
  }
  return quoted_text && found == std::string_view::npos ? line.find(kBetween) : found;
}

/// What is wrong, and what the same line says of how to mend it: "the variable X is not set; set it where switchyard runs".
std::pair<std::string, std::string> split(std::string_view line) {
  const std::size_t at = find_remedy(line);
  if (at == std::string_view::npos) return {std::string(line), ""};
  std::string remedy(line.substr(at + kBetween.size()));
  if (!remedy.empty() && remedy.front() >= 'a' && remedy.front() <= 'z')
    remedy.front() = static_cast<char>(remedy.front() - 'a' + 'A');
  if (!remedy.ends_with('?') && !remedy.ends_with('.')) remedy += '.';
  return {std::string(line.substr(0, at)), std::move(remedy)};
}

class ConfigurationLook {
 public:
  ConfigurationLook(const ConfigurationPlace& place, const mcp::Result<Config>& config, const std::vector<std::string>& names)
      : place_(place), config_(config), names_(names) {}

  Checks run() {
    add_place();
    if (!config_ && is_named_and_missing()) {
      add_missing();
    } else if (!config_) {
      add_refusal();
    } else {
      for (const Diagnostic& diagnostic : config_->diagnostics)
        add_diagnostic(diagnostic);
      add_servers();
      add_modes();
    }
    return list_.take();
  }

 private:
  void add_place() {
    const bool there = mode_of(place_.file).has_value();
    const std::string how = place_.chosen_by.empty() ? "" : ", named by " + place_.chosen_by;
    if (there) list_.ok(std::string(kFile), place_.file + how);
    for (const std::string& passed : place_.passed) {
      if (mode_of(passed))
        list_.note(std::string(kFile), passed + " " + (there ? "is there too, and is not read" : "is there, and is not read"));
    }
  }

  bool is_named_and_missing() const {
    struct stat info{};
    return !place_.chosen_by.empty() && ::stat(place_.file.c_str(), &info) != 0 && errno == ENOENT;
  }

  void add_missing() {
    list_.error(
        std::string(kFile),
        place_.file + ", named by " + place_.chosen_by + ", is not there",
        "Correct the name, or begin the file with: switchyard --config " + shell_word(place_.file) + " add NAME -- COMMAND");
  }

  /// All mistakes that keep the file as a whole from being used, a line each.
  void add_refusal() {
    const mcp::Error& error = config_.error();
    std::string_view rest = error.message;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      auto [message, remedy] = split(line);
      if (!error.remedy.empty()) remedy = error.remedy;
      if (remedy.empty()) remedy = std::string(kMend);
      list_.error(std::string(kFile), std::move(message), std::move(remedy));
    }
  }

  void add_diagnostic(const Diagnostic& diagnostic) {
    const bool error = diagnostic.severity == Diagnostic::Severity::error;
    // What a profile goes without is no matter of the servers that were asked for.
    if (!names_.empty() && diagnostic.path.starts_with("profiles.")) return;
    auto [message, remedy] = split(diagnostic.text(config_->file));
    if (error && remedy.empty()) remedy = kMend;
    const auto server = server_of(diagnostic.path);
    if (server) list_.of_server();
    list_.add(error ? CheckLevel::error : CheckLevel::warning,
              server.value_or(std::string(kFile)),
              std::move(message),
              std::move(remedy));
  }

  /// The server that a path leads into, "files" of "mcpServers.files.args[2]".
  std::optional<std::string> server_of(std::string_view path) const {
    static constexpr std::array<std::string_view, 3> kServers = {"mcpServers", "servers", "context_servers"};
    const auto leads_into = [path](const std::string& server) {
      return std::ranges::any_of(kServers, [&](std::string_view key) {
        const std::string entry = path_of_key(std::string(key), server);
        return path.starts_with(entry) && (path.size() == entry.size() || path[entry.size()] == '.' || path[entry.size()] == '[');
      });
    };
    for (const BrokenServer& server : config_->broken) {
      if (leads_into(server.name.str())) return server.name.str();
    }
    for (const ServerSpec& server : config_->servers) {
      if (leads_into(server.name.str())) return server.name.str();
    }
    return std::nullopt;
  }

  void add_servers() {
    const std::size_t all = config_->servers.size() + config_->broken.size();
    if (all == 0) {
      list_.warning("servers",
                    "none in " + config_->file,
                    "Add one, for example: switchyard add files -- npx -y @modelcontextprotocol/server-filesystem /srv/docs");
      return;
    }
    const auto off = std::ranges::count(config_->servers, false, &ServerSpec::enabled);
    std::string text = std::to_string(all);
    if (off > 0) text += ", " + std::to_string(off) + " of them switched off";
    if (!config_->broken.empty()) text += ", " + std::to_string(config_->broken.size()) + " of them left out for mistakes";
    list_.ok("servers", std::move(text));
  }

  void add_modes() {
    const bool secrets = std::ranges::any_of(config_->diagnostics, &Diagnostic::literal_secret);
    add_mode(place_.file, secrets ? "holds secrets, written out," : "");
    for (const std::string& file : config_->files) {
      if (file != place_.file) add_mode(file, "is the envFile of a server");
    }
  }

  /// `holds`: why nobody else should read it; "": anybody may.
  void add_mode(const std::string& path, const std::string& holds) {
    const auto mode = mode_of(path);
    if (!mode) return;
    if ((*mode & kOthersWrite) != 0) {
      list_.warning("permissions",
                    path + " may be changed by other users (" + mode_text(*mode) + "), who could so run programs as this one",
                    "Close it: chmod go-w " + shell_word(path) + ".");
    }
    if ((*mode & kOthersRead) != 0 && !holds.empty()) {
      list_.warning("permissions",
                    path + " " + holds + " and may be read by other users (" + mode_text(*mode) + ")",
                    "Close it: chmod 600 " + shell_word(path) + ".");
    }
  }

  const ConfigurationPlace& place_;
  const mcp::Result<Config>& config_;
  const std::vector<std::string>& names_;
  CheckList list_{CheckGroup::configuration};
};

void check_profiles(const Config& config, const std::vector<std::string>& names, CheckList& list) {
  const auto runs = [&config](const ServerName& name) {
    return std::ranges::any_of(config.servers, [&](const ServerSpec& server) { return server.name == name && server.enabled; });
  };
  for (const ProfileSpec& profile : config.profiles) {
    if (std::ranges::any_of(profile.servers, runs)) continue;
    const auto named = [&names](const ServerName& name) { return std::ranges::find(names, name.str()) != names.end(); };
    if (!names.empty() && std::ranges::none_of(profile.servers, named)) continue;
    list.warning("profile " + profile.name,
                 profile.servers.empty() ? "has no servers: /mcp/" + profile.name + " offers nothing"
                                         : "has no server that runs: all of them are switched off or have mistakes",
                 "List servers in its \"servers\", or take the profile out.");
  }
}

void check_environments(const Config& config, CheckList& list) {
  std::vector<std::string_view> described;
  described.reserve(config.environments.size());
  for (const EnvironmentSpec& spec : config.environments)
    described.push_back(spec.name);
  for (const ServerSpec& server : config.servers) {
    if (!server.enabled || server.environment.empty()) continue;
    if (std::ranges::find(described, server.environment) != described.end()) continue;
    const auto near = nearest_name(server.environment, described);
    list.of_server().warning(server.name.str(),
                             "is bound to the environment \"" + server.environment +
                                 "\", which \"environments\" does not have: it runs only when somebody announces that",
                             (near ? "Did you mean " + gateway::quoted(*near) + "? Else" : "Correct the name, or") +
                                 " describe it in \"environments\" with \"path\" or \"probe\".");
  }
}

/// The proxies that servers are reached through, and variables that name none.
void check_proxies(const Config& config, const Environment& environment, const std::vector<std::string>& names, CheckList& list) {
  const mcp::ProxySettings proxies(environment);
  std::map<std::pair<std::string, std::string>, std::size_t> used;  // by variable and proxy: how many servers
  std::map<std::string, mcp::Error> bad;                            // by message
  for (const ServerSpec& server : config.servers) {
    const auto* http = std::get_if<HttpSpec>(&server.transport);
    const bool meant = names.empty() || std::ranges::find(names, server.name.str()) != names.end();
    if (!server.enabled || !meant || http == nullptr) continue;
    const auto url = mcp::Url::parse(http->url);
    if (!url) continue;
    const auto proxy = proxies.proxy_for(*url);
    if (!proxy) bad.emplace(proxy.error().message, proxy.error());
    if (proxy && *proxy != nullptr) ++used[{(*proxy)->variable, (*proxy)->origin()}];
  }
  for (const auto& [proxy, servers] : used) {
    const auto reached = counted(servers, "server is reached", "servers are reached");
    list.ok("proxy", proxy.first + " is set: " + reached + " through the proxy " + proxy.second);
  }
  for (const auto& [message, error] : bad)
    list.error("proxy", error);
}

}  // namespace

Checks check_configuration(const ConfigurationPlace& place,
                           const mcp::Result<Config>& config,
                           const std::vector<std::string>& names) {
  return ConfigurationLook(place, config, names).run();
}

Checks check_contents(const Config& config, const Environment& environment, const std::vector<std::string>& names) {
  CheckList list(CheckGroup::configuration);
  check_profiles(config, names, list);
  check_environments(config, list);
  check_proxies(config, environment, names, list);
  return list.take();
}

bool is_remote(const ServerSpec& server) {
  const auto* http = std::get_if<HttpSpec>(&server.transport);
  if (http == nullptr) return false;
  const auto url = mcp::Url::parse(http->url);
  return url && !mcp::is_loopback_host(url->host);
}

}  // namespace gateway
