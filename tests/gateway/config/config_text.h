#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/config_file.h"

namespace gateway {

/// An environment made of a map.
inline Environment environment_of(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

inline Environment test_environment() {
  return environment_of({{"HOME", "/home/ana"}, {"TOKEN", "t-1"}, {"EMPTY", ""}, {"REGION", "eu"}, {"LINES", "a\nb"}});
}

/// What somebody hears about a file, one thing a line: "failed" and its mistakes, or "error"/"warning", place and message.
inline std::string report_on(std::string_view text) {
  const auto config = parse_config(text, "f", test_environment());
  if (!config) return "failed\n" + config.error().message + "\n";
  std::string report;
  for (const Diagnostic& diagnostic : config->diagnostics) {
    report += (diagnostic.severity == Diagnostic::Severity::error ? "error " : "warning ") + diagnostic.text("f") + "\n";
  }
  return report;
}

/// The servers of a file as they would run, one a line, and the broken ones' names and codes.
inline std::string servers_of(const Config& config) {
  std::string out;
  for (const ServerSpec& server : config.servers) {
    out += server.name.str() + ":";
    if (!server.enabled) out += " off";
    if (const auto* stdio = std::get_if<StdioSpec>(&server.transport)) {
      out += " run <" + stdio->command + ">";
      for (const std::string& arg : stdio->args)
        out += " <" + arg + ">";
      for (const auto& [key, value] : stdio->env)
        out += " " + key + "=" + value;
      if (!stdio->cwd.empty()) out += " in " + stdio->cwd;
    } else if (const auto* http = std::get_if<HttpSpec>(&server.transport)) {
      out += " reach " + http->url;
      for (const auto& [key, value] : http->headers)
        out += " " + key + ": " + value + ";";
      if (!http->ca_file.empty()) out += " trusting " + http->ca_file;
      if (http->kind == HttpKind::sse) out += " by sse";
    }
    out += "\n";
  }
  for (const BrokenServer& server : config.broken)
    out += server.name.str() + " broken: " + std::string(to_string(server.error.code)) + "\n";
  return out;
}

inline std::string servers_of(std::string_view text, const std::string& file = "/etc/sw/switchyard.json") {
  const auto config = parse_config(text, file, test_environment());
  return config ? servers_of(*config) : "failed\n" + config.error().message + "\n";
}

}  // namespace gateway
