#include "gateway/config/secret_hint.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "gateway/config/jsonc.h"

namespace gateway {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

/// "accessToken", "X-Access-Token", "ACCESS_TOKEN" → "ACCESS_TOKEN" (with what is before it).
std::string as_variable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_lower(c) && !is_upper(c) && !is_digit(c)) {
      if (!out.empty() && out.back() != '_') out += '_';
      continue;
    }
    if (i > 0 && is_upper(c) && is_lower(text[i - 1])) out += '_';
    out += upper(c);
  }
  while (out.ends_with('_'))
    out.pop_back();
  if (out.starts_with("X_")) out.erase(0, 2);
  if (out.empty() || is_digit(out.front())) out.insert(0, "MCP_");
  return out;
}

std::vector<std::string> words_of(std::string_view key) {
  std::vector<std::string> words(1);
  for (const char c : as_variable(key)) {
    if (c == '_') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

bool is_one_of(std::string_view text, std::span<const std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

/// A switch, a number or nothing at all is no secret whatever its name.
bool is_trivial(std::string_view value) {
  static constexpr std::array<std::string_view, 7> kWords = {"", "true", "false", "yes", "no", "on", "off"};
  return is_one_of(value, kWords) || (value.size() < 4 && std::ranges::all_of(value, is_digit));
}

}  // namespace

bool names_secret(std::string_view key) {
  static constexpr std::array<std::string_view, 14> kSecret = {"TOKEN",
                                                               "SECRET",
                                                               "PASSWORD",
                                                               "PASSWD",
                                                               "PASSPHRASE",
                                                               "PWD",
                                                               "PAT",
                                                               "APIKEY",
                                                               "APITOKEN",
                                                               "CREDENTIAL",
                                                               "CREDENTIALS",
                                                               "AUTHORIZATION",
                                                               "BEARER",
                                                               "COOKIE"};
  static constexpr std::array<std::string_view, 6> kBeforeKey = {"API", "ACCESS", "PRIVATE", "SECRET", "AUTH", "ENCRYPTION"};
  static constexpr std::array<std::string_view, 14> kHarmlessEnd = {
      "URL", "URI", "FILE", "PATH", "DIR", "ID", "NAME", "TYPE", "LIMIT", "TTL", "ENDPOINT", "COUNT", "HEADER", "EXPIRY"};
  const std::vector<std::string> words = words_of(key);
  if (is_one_of(words.back(), kHarmlessEnd)) return false;
  if (words.size() == 1 && (words[0] == "PWD" || words[0] == "PAT")) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_one_of(words[i], kSecret)) return true;
    if (i > 0 && words[i] == "KEY" && is_one_of(words[i - 1], kBeforeKey)) return true;
  }
  return false;
}

bool looks_secret(std::string_view value) {
  static constexpr std::array<std::string_view, 28> kPrefixes = {
      "sk-",    "sk_live_", "sk_test_", "rk_live_", "ghp_",  "gho_",  "ghu_",  "ghs_", "ghr_", "github_pat_",
      "glpat-", "xoxb-",    "xoxp-",    "xoxa-",    "xoxs-", "xapp-", "AKIA",  "AIza", "hf_",  "npm_",
      "ntn_",   "lin_api_", "secret_",  "SG.",      "figd_", "pypi-", "tvly-", "eyJ"};
  if (value.starts_with("-----BEGIN ")) return true;
  for (const std::string_view scheme : {"Bearer ", "bearer ", "Basic ", "basic "}) {
    if (value.starts_with(scheme) && value.size() > scheme.size()) return true;
  }
  if (value.size() < 16 || value.find_first_of(" \t") != std::string_view::npos) return false;
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return value.starts_with(prefix); });
}

namespace {

std::optional<std::string> advice(std::string_view key,
                                  std::string_view value,
                                  std::string_view variable,
                                  std::string_view before) {
  if (value.find("${") != std::string_view::npos || is_trivial(value)) return std::nullopt;
  if (!names_secret(key) && !looks_secret(value)) return std::nullopt;
  const std::string name(variable);
  return "looks like a secret written into the file; keep it in the environment: export " + name + "=… and write \"" +
         std::string(before) + "${" + name + "}\" here";
}

}  // namespace

std::optional<std::string> literal_env_secret(std::string_view key, std::string_view value) {
  return advice(key, value, as_variable(key), "");
}

std::optional<std::string> literal_header_secret(std::string_view server, std::string_view key, std::string_view value) {
  std::string variable = as_variable(key);
  if (variable == "AUTHORIZATION") variable = "TOKEN";
  std::string_view scheme;
  for (const std::string_view known : {"Bearer ", "bearer ", "Basic ", "basic ", "token "}) {
    if (value.starts_with(known)) scheme = known;
  }
  return advice(key, value, as_variable(server) + "_" + variable, scheme);
}

}  // namespace gateway
