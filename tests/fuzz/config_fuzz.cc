#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "gateway/catalog/callable_name.h"
#include "gateway/config/config_file.h"

namespace {

std::optional<std::string> variable(std::string_view name) {
  if (name == "HOME") return "/home/ana";
  if (name == "A") return "${B}$${";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// Any bytes are a configuration or a list of mistakes, and what is read keeps its promises.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto config = gateway::parse_config(text, "/nowhere/fuzz.json", variable);
  if (!config) {
    require(!config.error().message.empty());
    return 0;
  }
  std::set<gateway::ServerName> names;
  for (const gateway::ServerSpec& server : config->servers) {
    require(names.insert(server.name).second);
    require(server.startup_timeout.count() > 0 && server.call_timeout.count() > 0);
    if (const auto* stdio = std::get_if<gateway::StdioSpec>(&server.transport)) {
      require(!server.enabled || !stdio->command.empty());
      std::set<std::string> variables;
      for (const std::string& each : gateway::child_environment(*stdio, variable)) {
        require(variables.insert(each.substr(0, each.find('='))).second && each.find('\0') == std::string::npos);
      }
    }
    for (const std::string& pattern : server.tools_allow) {
      const std::string name = gateway::callable_name(server.name, gateway::ToolName(pattern)).str();
      require(name.size() <= 46);
      gateway::glob_match(pattern, name);
    }
  }
  for (const gateway::BrokenServer& server : config->broken)
    require(names.insert(server.name).second && !server.error.message.empty());
  for (const gateway::ProfileSpec& profile : config->profiles) {
    for (const gateway::ServerName& server : profile.servers)
      require(names.contains(server));
  }
  for (const gateway::Diagnostic& diagnostic : config->diagnostics)
    require(diagnostic.line > 0 && diagnostic.column > 0);
  return 0;
}
