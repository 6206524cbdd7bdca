#include "gateway/cli/new_server.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/config/jsonc.h"
#include "gateway/config/utf8.h"
#include "gateway/host/environment.h"
#include "mcp/base/ascii.h"

namespace gateway {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

/// What of the words does not go with the others; "" where all is well.
std::string contradiction(const ServerWords& words) {
  if (words.url.empty() && words.command.empty()) {
    return "add takes either a command behind -- or --url: switchyard add NAME -- COMMAND ARGUMENTS";
  }
  if (!words.url.empty() && !words.command.empty()) return "add takes either a command behind -- or --url, not both";
  const bool http = !words.url.empty();
  if (http && !words.env.empty()) return "--env goes with a command; what an HTTP server is told are headers (--header)";
  if (http && !words.cwd.empty()) return "--cwd goes with a command, not with --url";
  if (!http && !words.headers.empty()) return "--header goes with --url; what a program is told are variables (--env)";
  if (!http && !words.type.empty()) return "--type goes with --url; a command speaks stdio";
  return "";
}

/// A file is UTF-8; what is not would come out as something else.
std::string not_text(const ServerWords& words) {
  for (const auto* list : {&words.command, &words.env, &words.headers, &words.profiles}) {
    const auto wrong = std::ranges::find_if_not(*list, is_utf8);
    if (wrong != list->end()) return gateway::quoted(*wrong) + " is not UTF-8, which the configuration is written in";
  }
  for (const auto* one : {&words.name, &words.url, &words.cwd}) {
    if (!is_utf8(*one)) return gateway::quoted(*one) + " is not UTF-8, which the configuration is written in";
  }
  return "";
}

std::expected<Pairs, std::string> read_variables(const std::vector<std::string>& words) {
  Pairs pairs;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      std::string mistake = "--env " + word + ": expected KEY=VALUE; the gateway's own is passed on with --env '";
      return std::unexpected(std::move(mistake.append(word).append("=${").append(word).append("}'")));
    }
    const std::string key = word.substr(0, equals);
    if (key.empty()) return std::unexpected("--env " + word + ": expected KEY=VALUE");
    if (std::ranges::find(pairs, key, &Pairs::value_type::first) != pairs.end()) {
      return std::unexpected("--env " + key + " is there twice");
    }
    pairs.emplace_back(key, word.substr(equals + 1));
  }
  return pairs;
}

/// The value is not repeated where something is wrong: it may be a secret.
std::expected<Pairs, std::string> read_headers(const std::vector<std::string>& words) {
  Pairs pairs;
  for (const std::string& word : words) {
    const std::size_t colon = word.find(':');
    const std::string key(mcp::trim_blanks(std::string_view(word).substr(0, colon)));
    if (colon == std::string::npos || key.empty()) return std::unexpected("--header: expected \"NAME: VALUE\"");
    const auto same = [&](const auto& pair) { return mcp::ascii_lower(pair.first) == mcp::ascii_lower(key); };
    if (std::ranges::any_of(pairs, same)) return std::unexpected("--header " + key + " is there twice");
    pairs.emplace_back(key, mcp::trim_blanks(std::string_view(word).substr(colon + 1)));
  }
  return pairs;
}

bool starts_elsewhere(std::string_view path) {
  return path.starts_with('/') || path.starts_with('~') || path.starts_with("${");
}

std::string from_here(const std::string& path) {
  return path.empty() || starts_elsewhere(path) ? path : absolute_path(path);
}

/// A program that is there, seen from here, is meant; any other relative path starts at the server's own folder.
std::string program_from_here(const std::string& program) {
  std::error_code error;
  const bool relative = program.contains('/') && !starts_elsewhere(program);
  return relative && std::filesystem::exists(program, error) ? absolute_path(program) : program;
}

}  // namespace

std::expected<NewServer, std::string> read_new_server(const ServerWords& words) {
  for (const std::string& problem : {not_text(words), contradiction(words)}) {
    if (!problem.empty()) return std::unexpected(problem);
  }
  auto env = read_variables(words.env);
  if (!env) return std::unexpected(env.error());
  auto headers = read_headers(words.headers);
  if (!headers) return std::unexpected(headers.error());
  NewServer server{.name = words.name, .command = words.command, .url = words.url, .type = words.type};
  if (!server.command.empty()) server.command.front() = program_from_here(server.command.front());
  server.cwd = from_here(words.cwd);
  server.env = std::move(*env);
  server.headers = std::move(*headers);
  server.enabled = !words.disabled;
  server.required = words.required;
  server.profiles = words.profiles;
  return server;
}

}  // namespace gateway
