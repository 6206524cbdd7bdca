#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "gateway/doctor/check_program.h"
#include "gateway/host/environment.h"

namespace gateway {

namespace {

/// The value of the option "--config", in either spelling.
std::optional<std::string> named_config(const std::vector<std::string>& args) {
  static constexpr std::string_view kOption = "--config", kWithValue = "--config=";
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i].starts_with(kWithValue)) return args[i].substr(kWithValue.size());
    if (args[i] == kOption && i + 1 < args.size()) return args[i + 1];
  }
  return std::nullopt;
}

/// The file that a gateway of this entry would read.
std::string config_of(const StdioSpec& stdio, const Environment& environment) {
  if (auto named = named_config(stdio.args)) {
    return (std::filesystem::path(stdio.cwd.empty() ? "." : stdio.cwd) / *named).string();
  }
  const std::vector<std::string> variables = child_environment(stdio, environment);
  return default_config_file([&variables](std::string_view name) -> std::optional<std::string> {
    const std::string begin = std::string(name) + "=";
    const auto found = std::ranges::find_if(variables, [&begin](const std::string& one) { return one.starts_with(begin); });
    return found == variables.end() ? std::nullopt : std::optional(found->substr(begin.size()));
  });
}

std::filesystem::path real_path(const std::string& path) {
  std::error_code error;
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
}

}  // namespace

Checks check_itself(const ServerSpec& server, const Environment& environment, const std::string& own_config) {
  CheckList list(CheckGroup::servers);
  const auto& stdio = std::get<StdioSpec>(server.transport);
  if (program_name(stdio.command) != "switchyard" || std::ranges::find(stdio.args, "serve") == stdio.args.end()) return list.take();
  if (real_path(config_of(stdio, environment)) == real_path(own_config)) {
    list.error(server.name.str(),
               "starts Switchyard itself with this configuration, so it would be its own server",
               "Take it out: such an entry belongs into the configuration of a client of Switchyard. Or name another file with "
               "--config, for a gateway of its own.");
  }
  return list.take();
}

}  // namespace gateway
