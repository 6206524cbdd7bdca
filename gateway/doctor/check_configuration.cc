#include "gateway/doctor/check_configuration.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/config/jsonc.h"
#include "gateway/doctor/check_state.h"
#include "mcp/http/url.h"

namespace gateway {

namespace {

constexpr std::string_view kFile = "file";
constexpr std::string_view kMend = "Mend the file at that place.";
constexpr unsigned kOthersRead = 0044, kOthersWrite = 0022;

std::optional<unsigned> mode_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_mode & 07777U;
}

/// What is wrong, and what the same line says of how to mend it: "the variable X is not set; set it where switchyard runs".
std::pair<std::string, std::string> split(std::string_view line) {
  static constexpr std::string_view kBetween = "; ";
  const std::size_t at = line.find(kBetween);
  if (at == std::string_view::npos) return {std::string(line), ""};
  std::string remedy(line.substr(at + kBetween.size()));
  if (!remedy.empty() && remedy.front() >= 'a' && remedy.front() <= 'z')
    remedy.front() = static_cast<char>(remedy.front() - 'a' + 'A');
  if (!remedy.ends_with('?') && !remedy.ends_with('.')) remedy += '.';
  return {std::string(line.substr(0, at)), std::move(remedy)};
}

class ConfigurationLook {
 public:
  ConfigurationLook(const ConfigurationPlace& place, const mcp::Result<Config>& config) : place_(place), config_(config) {}

  Checks run() {
    add_place();
    if (!config_) {
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
      if (mode_of(passed)) list_.note(std::string(kFile), passed + " is there too, and is not read");
    }
  }

  /// All mistakes that keep the file as a whole from being used, a line each.
  void add_refusal() {
    const mcp::Error& error = config_.error();
    std::string_view rest = error.message;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      auto [message, remedy] = split(line);
      if (error.code == mcp::ErrorCode::io_error && !place_.passed.empty()) message += "; nor is there " + passed_text();
      if (!error.remedy.empty()) remedy = error.remedy;
      if (remedy.empty()) remedy = std::string(kMend);
      list_.error(std::string(kFile), std::move(message), std::move(remedy));
    }
  }

  std::string passed_text() const {
    std::string text;
    for (const std::string& passed : place_.passed)
      text += (text.empty() ? "" : ", ") + passed;
    return text;
  }

  void add_diagnostic(const Diagnostic& diagnostic) {
    const bool error = diagnostic.severity == Diagnostic::Severity::error;
    auto [message, remedy] = split(diagnostic.text(config_->file));
    if (error && remedy.empty()) remedy = kMend;
    list_.add(error ? CheckLevel::error : CheckLevel::warning, subject_of(diagnostic.path), std::move(message), std::move(remedy));
  }

  /// The server that a path leads into, "files" of "mcpServers.files.args[2]", else the file.
  std::string subject_of(std::string_view path) const {
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
    return std::string(kFile);
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
                    "Close it: chmod go-w " + path + ".");
    }
    if ((*mode & kOthersRead) != 0 && !holds.empty()) {
      list_.warning("permissions",
                    path + " " + holds + " and may be read by other users (" + mode_text(*mode) + ")",
                    "Close it: chmod 600 " + path + ".");
    }
  }

  const ConfigurationPlace& place_;
  const mcp::Result<Config>& config_;
  CheckList list_{CheckGroup::configuration};
};

void check_profiles(const Config& config, CheckList& list) {
  const auto runs = [&config](const ServerName& name) {
    return std::ranges::any_of(config.servers, [&](const ServerSpec& server) { return server.name == name && server.enabled; });
  };
  for (const ProfileSpec& profile : config.profiles) {
    if (std::ranges::any_of(profile.servers, runs)) continue;
    list.warning("profile " + profile.name,
                 profile.servers.empty() ? "has no servers: /mcp/" + profile.name + " offers nothing"
                                         : "has no server that runs: all of it are switched off or have mistakes",
                 "List servers in its \"servers\", or take the profile out.");
  }
}

void check_environments(const Config& config, CheckList& list) {
  for (const ServerSpec& server : config.servers) {
    const auto known = [&](const EnvironmentSpec& spec) { return spec.name == server.environment; };
    if (!server.enabled || server.environment.empty() || std::ranges::any_of(config.environments, known)) continue;
    list.warning(server.name.str(),
                 "is bound to the environment \"" + server.environment +
                     "\", which \"environments\" does not have: it runs only when somebody announces that",
                 "Correct the name, or describe it in \"environments\" with \"path\" or \"probe\".");
  }
}

void check_proxy(const Config& config, const Environment& environment, CheckList& list) {
  const std::string variable = proxy_variable(environment);
  const auto remote = std::ranges::count_if(config.servers, [](const ServerSpec& one) { return one.enabled && is_remote(one); });
  if (remote == 0 || variable.empty()) return;
  list.note(
      "proxy",
      variable + " is set; programs get it, but servers with a URL (" + std::to_string(remote) + ") are reached without a proxy",
      "Where there is no other way out, run such a server through a program that uses the proxy: npx -y mcp-remote URL.");
}

}  // namespace

Checks check_configuration(const ConfigurationPlace& place, const mcp::Result<Config>& config) {
  return ConfigurationLook(place, config).run();
}

Checks check_contents(const Config& config, const Environment& environment) {
  CheckList list(CheckGroup::configuration);
  check_profiles(config, list);
  check_environments(config, list);
  check_proxy(config, environment, list);
  return list.take();
}

bool is_remote(const ServerSpec& server) {
  const auto* http = std::get_if<HttpSpec>(&server.transport);
  if (http == nullptr) return false;
  const auto url = mcp::Url::parse(http->url);
  return url && !mcp::is_loopback_host(url->host);
}

std::string proxy_variable(const Environment& environment) {
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}) {
    if (!environment(name).value_or("").empty()) return name;
  }
  return "";
}

}  // namespace gateway
