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

bool is_reference(std::string_view value) {
  return value.find("${") != std::string_view::npos;
}

/// Where the first of these characters stands that is in no "${…}".
std::size_t find_outside_references(std::string_view text, std::string_view characters) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${")) {
      i = text.find('}', i);
      if (i == std::string_view::npos) break;
    } else if (characters.find(text[i]) != std::string_view::npos) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::string_view scheme_of(std::string_view value) {
  for (const std::string_view known : {"Bearer ", "bearer ", "Basic ", "basic ", "token "}) {
    if (value.starts_with(known)) return known;
  }
  return "";
}

/// A switch, a number or nothing at all is no secret whatever its name.
bool is_trivial(std::string_view value) {
  static constexpr std::array<std::string_view, 7> kWords = {"", "true", "false", "yes", "no", "on", "off"};
  return is_one_of(value, kWords) || (value.size() < 4 && std::ranges::all_of(value, is_digit));
}

}  // namespace

bool names_secret(std::string_view key) {
  static constexpr auto kSecret = std::to_array<std::string_view>({
      "TOKEN",
      "SECRET",
      "PASSWORD",
      "PASSWD",
      "PASSPHRASE",
      "PASS",
      "PWD",
      "PAT",
      "APIKEY",
      "APITOKEN",
      "CREDENTIAL",
      "CREDENTIALS",
      "AUTHORIZATION",
      "AUTH",
      "BEARER",
      "COOKIE",
      "SESSION",
  });
  static constexpr std::array<std::string_view, 6> kBeforeKey = {"API", "ACCESS", "PRIVATE", "SECRET", "AUTH", "ENCRYPTION"};
  static constexpr auto kHarmlessEnd = std::to_array<std::string_view>({
      "URL",    "URI",    "FILE",   "PATH",  "DIR",    "ID",      "NAME",     "TYPE",    "LIMIT",    "TTL",      "ENDPOINT",
      "COUNT",  "HEADER", "EXPIRY", "MODE",  "METHOD", "TIMEOUT", "DURATION", "ENABLED", "DISABLED", "REQUIRED", "PROVIDER",
      "SERVER", "HOST",   "PORT",   "SCOPE", "SCOPES", "REGION",  "DOMAIN",   "USER",    "USERNAME", "VERSION",
  });
  const std::vector<std::string> words = words_of(key);
  const std::string_view last = words.back();
  const std::string_view before_last = words.size() > 1 ? std::string_view(words[words.size() - 2]) : "";
  if (last == "ID" && before_last == "SESSION") return true;
  if (is_one_of(last, kHarmlessEnd)) return false;
  if (words.size() == 1 && (last == "PWD" || last == "PAT")) return false;
  if (last == "KEY" && before_last != "PUBLIC" && before_last != "PUBLISHABLE") return true;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_one_of(words[i], kSecret)) return true;
    if (i > 0 && words[i] == "KEY" && is_one_of(words[i - 1], kBeforeKey)) return true;
  }
  return false;
}

std::string_view written_out(std::string_view value) {
  if (!is_reference(value)) return value;
  const std::string_view token = value.substr(scheme_of(value).size());
  const bool whole = token.starts_with("${") && token.find('}') + 1 == token.size();
  const std::size_t mark = token.find(":-");
  if (!whole || mark == std::string_view::npos) return {};
  return token.substr(mark + 2, token.size() - mark - 3);
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

std::optional<ArgumentSecret> secret_in_argument(std::string_view before, std::string_view argument) {
  const std::size_t mark = find_outside_references(argument, "=: /");
  const bool pair = mark != std::string_view::npos && (argument[mark] == '=' || argument[mark] == ':') &&
                    !argument.substr(mark).starts_with("://");
  if (pair) {
    std::string_view value = argument.substr(mark + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    const std::string_view name = argument.substr(0, mark);
    if (!value.empty() && (names_secret(name) || looks_secret(value))) return ArgumentSecret{name, value};
  }
  const bool option = before.starts_with('-') && before.find('=') == std::string_view::npos;
  if (option && !argument.empty() && !argument.starts_with('-') && names_secret(before)) return ArgumentSecret{before, argument};
  if (looks_secret(written_out(argument))) return ArgumentSecret{option ? before : "", argument};
  return std::nullopt;
}

namespace {

void add_password(std::string_view authority, std::vector<UrlSecret>& out) {
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view user_info = authority.substr(0, at);
  const std::size_t colon = find_outside_references(user_info, ":");
  // A token may stand alone there: https://TOKEN@host.
  const bool alone = colon == std::string_view::npos && looks_secret(user_info);
  if (colon == std::string_view::npos && !alone) return;
  out.push_back({.value = alone ? user_info : user_info.substr(colon + 1), .user_info = user_info});
}

/// A long run of letters and digits that is hardly made of words, as tokens of no known form are: hexadecimal, base64, a UUID.
bool looks_random(std::string_view text) {
  constexpr std::size_t kLong = 24;
  constexpr int kManyDigits = 4, kManyInAll = 8;
  int digits = 0, humps = 0;  // changes from letters to digits and back; capitals behind small letters
  char before = '-';
  for (const char c : text) {
    const bool letter = is_lower(c) || is_upper(c);
    if (!letter && !is_digit(c) && std::string_view("-_=+%~").find(c) == std::string_view::npos) return false;
    const bool after_letter = is_lower(before) || is_upper(before);
    if ((letter && is_digit(before)) || (is_digit(c) && after_letter)) ++digits;
    if (is_upper(c) && is_lower(before)) ++humps;
    before = c;
  }
  return text.size() >= kLong && (digits >= kManyDigits || (digits > 0 && digits + humps >= kManyInAll));
}

void add_path(std::string_view path, std::vector<UrlSecret>& out) {
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    // Words may begin like a token: "secret_manager_service".
    const bool known = looks_secret(segment) && std::ranges::any_of(segment, is_digit);
    if (known || looks_random(segment)) out.push_back({.value = segment, .in_path = true});
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
  }
}

void add_query(std::string_view query, std::vector<UrlSecret>& out) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find_first_of("&;"));
    const std::size_t equals = pair.find('=');
    const bool named = equals != std::string_view::npos;
    out.push_back({.key = pair.substr(0, named ? equals : 0), .value = named ? pair.substr(equals + 1) : pair});
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
  }
}

}  // namespace

std::vector<UrlSecret> secrets_in_urls(std::string_view text) {
  std::vector<UrlSecret> out;
  for (std::size_t mark = text.find("://"); mark != std::string_view::npos; mark = text.find("://", mark + 3)) {
    std::string_view rest = text.substr(mark + 3);
    rest = rest.substr(0, rest.find_first_of(" \t\r\n\"'<>"));
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    add_password(authority, out);
    rest = rest.substr(0, rest.find('#'));
    const std::size_t query = std::min(rest.find('?'), rest.size());
    add_path(rest.substr(authority.size(), query - authority.size()), out);
    if (query < rest.size()) add_query(rest.substr(query + 1), out);
  }
  return out;
}

namespace {

/// Whether that byte of the text is a part of a "${…}".
bool in_reference(std::string_view text, std::size_t at) {
  const std::size_t open = text.substr(0, at).rfind("${");
  return open != std::string_view::npos && text.find('}', open) > at;
}

/// A file where the secret is, not the secret itself.
bool is_path(std::string_view value) {
  return value.starts_with("/") || value.starts_with("~/") || value.starts_with("./");
}

std::string advice(std::string_view variable, std::string_view before, std::string_view after = "") {
  const std::string name(variable);
  return "looks like a secret written into the file; keep it in the environment: export " + name + "=… and write \"" +
         std::string(before) + "${" + name + "}" + std::string(after) + "\" here";
}

bool is_literal_secret(std::string_view key, std::string_view value) {
  const std::string_view written = written_out(value);
  if (is_trivial(written)) return false;
  return looks_secret(written) || (names_secret(key) && !is_path(written));
}

/// What can be stored as it stands: nothing is put into a stored secret, and a default holds no reference.
bool is_movable_secret(std::string_view key, std::string_view value) {
  return !is_reference(value) && is_literal_secret(key, value);
}

/// Whether a URL inside the text has a password, a key in its query, or one in its path, that is written out.
std::optional<UrlSecret> literal_in_urls(std::string_view text) {
  for (const UrlSecret& secret : secrets_in_urls(text)) {
    const bool password = !secret.user_info.empty();
    if (written_out(secret.value).empty()) continue;
    if (password || secret.in_path || is_literal_secret(secret.key, secret.value)) return secret;
  }
  return std::nullopt;
}

/// How to write the part of a URL: the rest stays as it is.
std::string url_advice(std::string_view server, const UrlSecret& secret) {
  const std::string prefix = as_variable(server) + "_";
  if (!secret.user_info.empty()) return advice(prefix + "PASSWORD", "…:", "@…");
  if (secret.in_path) return advice(prefix + "KEY", "…/", "…");
  if (secret.key.empty()) return advice(prefix + "KEY", "…?");
  return advice(prefix + as_variable(secret.key), "…" + std::string(secret.key) + "=", "…");
}

}  // namespace

std::optional<std::string> literal_env_secret(std::string_view key, std::string_view value) {
  if (!is_literal_secret(key, value) && !literal_in_urls(value)) return std::nullopt;
  return advice(as_variable(key), "");
}

std::optional<std::string> literal_header_secret(std::string_view server, std::string_view key, std::string_view value) {
  if (!is_literal_secret(key, value)) return std::nullopt;
  std::string variable = as_variable(key);
  if (variable == "AUTHORIZATION") variable = "TOKEN";
  return advice(as_variable(server) + "_" + variable, scheme_of(value));
}

std::optional<std::string> literal_argument_secret(std::string_view server, std::string_view before, std::string_view argument) {
  const auto secret = secret_in_argument(before, argument);
  if (!secret || !is_literal_secret(secret->name, secret->value)) {
    const auto inside = literal_in_urls(argument);
    return inside ? std::optional(url_advice(server, *inside)) : std::nullopt;
  }
  std::string variable = secret->name.empty() ? std::string("TOKEN") : as_variable(secret->name);
  if (variable == "AUTHORIZATION") variable = "TOKEN";
  const std::string_view written = argument.substr(0, argument.size() - secret->value.size());
  return advice(as_variable(server) + "_" + variable, std::string(written) + std::string(scheme_of(secret->value)));
}

std::optional<std::string> literal_url_secret(std::string_view server, std::string_view url) {
  const auto inside = literal_in_urls(url);
  return inside ? std::optional(url_advice(server, *inside)) : std::nullopt;
}

namespace {

/// The part of `whole` that is `part`, a view into it, without the scheme before a token.
LiteralSecret literal_part(std::string_view whole, std::string_view part, std::string name) {
  const std::size_t scheme = scheme_of(part).size();
  return {static_cast<std::size_t>(part.data() - whole.data()) + scheme, part.size() - scheme, std::move(name)};
}

}  // namespace

std::string variable_name(std::string_view text) {
  return as_variable(text);
}

std::string secret_name(std::string_view server, std::string_view key) {
  constexpr std::size_t kMostOfEach = 60;
  const std::string first = as_variable(server).substr(0, kMostOfEach);
  std::string second = as_variable(key).substr(0, kMostOfEach);
  if (second == "AUTHORIZATION") second = "TOKEN";
  return second == first || second.starts_with(first + "_") ? second : first + "_" + second;
}

std::vector<LiteralSecret> find_env_secrets(std::string_view server, std::string_view key, std::string_view value) {
  if (is_reference(value)) return find_url_secrets(server, value);
  if (!is_literal_secret(key, value) && !literal_in_urls(value)) return {};
  return {{0, value.size(), secret_name(server, key)}};
}

std::vector<LiteralSecret> find_header_secrets(std::string_view server, std::string_view key, std::string_view value) {
  if (!is_movable_secret(key, value)) return {};
  return {literal_part(value, value, secret_name(server, key))};
}

std::vector<LiteralSecret> find_argument_secrets(std::string_view server, std::string_view before, std::string_view argument) {
  const auto secret = secret_in_argument(before, argument);
  if (!secret || !is_movable_secret(secret->name, secret->value)) return find_url_secrets(server, argument);
  return {literal_part(argument, secret->value, secret_name(server, secret->name.empty() ? "TOKEN" : secret->name))};
}

std::vector<LiteralSecret> find_url_secrets(std::string_view server, std::string_view url) {
  std::vector<LiteralSecret> found;
  for (const UrlSecret& secret : secrets_in_urls(url)) {
    const auto at = static_cast<std::size_t>(secret.value.data() - url.data());
    if (secret.value.empty() || is_reference(secret.value) || in_reference(url, at)) continue;
    const bool password = !secret.user_info.empty();
    if (!password && !secret.in_path && !is_literal_secret(secret.key, secret.value)) continue;
    const std::string_view key = password ? "PASSWORD" : secret.key.empty() ? "KEY" : secret.key;
    if (!found.empty() && at < found.back().at + found.back().length) continue;
    found.push_back({at, secret.value.size(), secret_name(server, key)});
  }
  return found;
}

}  // namespace gateway
