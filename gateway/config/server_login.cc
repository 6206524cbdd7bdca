// "oauth" and "bearer" of an HTTP server's entry.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/expand.h"
#include "gateway/config/field_values.h"
#include "gateway/config/near_name.h"
#include "gateway/config/secret_hint.h"
#include "gateway/config/server_values.h"
#include "gateway/config/text_file.h"
#include "mcp/base/ascii.h"
#include "mcp/http/url.h"
#include "oauth/client_authentication.h"
#include "oauth/loopback_callback.h"

namespace gateway {
namespace {

constexpr std::size_t kMaxKeyBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxScopes = 200;
constexpr std::size_t kMaxAccount = 64;
constexpr std::size_t kMaxArguments = 100;

/// RFC 6749, 3.3.
bool is_scope(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; });
}

std::vector<std::string_view> views_of(const auto& keys) {
  return {keys.begin(), keys.end()};
}

}  // namespace

oauth::ServerSettings login_settings(const ServerSpec& spec) {
  oauth::ServerSettings settings = spec.oauth;
  if (const auto* http = std::get_if<HttpSpec>(&spec.transport)) {
    settings.server_url = http->url;
    settings.account = http->access.account;
    settings.grant = http->access.grant;
    settings.private_addresses = http->access.private_addresses;
  }
  return settings;
}

bool comes_back_here(const ServerSpec& spec) {
  const std::string& callback = spec.oauth.callback_url;
  return callback.empty() || oauth::LoopbackCallback::parse(callback);
}

bool comes_back_to(const ServerSpec& spec, std::string_view path) {
  if (comes_back_here(spec)) return false;
  const auto url = mcp::Url::parse(spec.oauth.callback_url);
  return url && url->path() == path;
}

bool uses_login(const ServerSpec& spec) {
  const auto* http = std::get_if<HttpSpec>(&spec.transport);
  if (http == nullptr || !http->access.login || http->access.bearer.any()) return false;
  const bool header =
      std::ranges::any_of(http->headers, [](const auto& each) { return mcp::equals_ignoring_case(each.first, "authorization"); });
  return !header && http->access.grant == oauth::Grant::authorization_code;
}

oauth::ServerSettings ServerValues::oauth(LoginSpec& access) {
  oauth::ServerSettings settings;
  const FieldEntry* entry = field(Field::oauth);
  if (entry == nullptr) return settings;
  const JsonNode& value = *entry->value;
  if (value.is(JsonNode::Kind::boolean)) {
    access.login = value.boolean;
    if (value.boolean) warn_of_unused_login();
    return settings;
  }
  if (!value.is(JsonNode::Kind::object)) {
    if (!context_.foreign) findings_.wrong_type(entry->path, value, "an object, or false for a server that nobody is to log in to");
    return settings;
  }
  for (const JsonMember& member : value.members) {
    const std::string path = path_of_key(entry->path, member.key);
    if (member.earlier && !context_.foreign) findings_.error(path, member.at, repeated_message(*member.earlier));
    if (std::ranges::find(kOauthKeys, member.key) != kOauthKeys.end()) {
      read_oauth_member(member, path, settings, access);
    } else if (context_.foreign) {
      findings_.warning(path, member.at, "unknown key " + quoted(member.key) + " is ignored");
    } else {
      findings_.error(path, member.at, "unknown key " + quoted(member.key) + name_hint(member.key, views_of(kOauthKeys)));
    }
  }
  const auto has = [&](std::string_view key) {
    return std::ranges::any_of(value.members, [key](const JsonMember& member) { return member.key == key; });
  };
  if (has("callbackPort") && has("callbackUrl"))
    findings_.error(entry->path, value.at, "\"callbackPort\" and \"callbackUrl\" exclude each other: the URL names its port");
  if (!disabled_) check_oauth(*entry, settings, access);
  warn_of_unused_login();
  return settings;
}

void ServerValues::warn_of_unused_login() {
  const FieldEntry* token = field(Field::bearer);
  if (token == nullptr) token = field(Field::bearer_variable);
  const FieldEntry* entry = field(Field::oauth);
  if (token == nullptr) return;
  findings_.warning(
      entry->path, entry->at, "has no effect: " + quoted(token->key) + " says where the token comes from; take one of the two out");
}

/// What only makes sense together. Where variables of a disabled server are not set, nothing is said of what they would hold.
void ServerValues::check_oauth(const FieldEntry& entry, const oauth::ServerSettings& settings, const LoginSpec& access) {
  const bool machine = access.grant == oauth::Grant::client_credentials;
  const TextPosition at = entry.value->at;
  const bool credential = !settings.client_secret.empty() || !settings.private_key.empty();
  if (machine && (settings.client_id.empty() || !credential)) {
    findings_.error(
        entry.path, at, "the grant \"client_credentials\" needs \"clientId\", and \"clientSecret\" or \"privateKeyFile\"");
  }
  if (!settings.client_secret.empty() && settings.authorization_server.empty()) {
    findings_.error(entry.path,
                    at,
                    "\"clientSecret\" needs \"authorizationServer\", the issuer that it is for: else it would go to whichever the "
                    "server names");
  }
  if (settings.client_id.empty() && credential)
    findings_.error(entry.path, at, "a client's secret or key needs the \"clientId\" that it belongs to");
}

void ServerValues::read_oauth_member(const JsonMember& member,
                                     const std::string& path,
                                     oauth::ServerSettings& settings,
                                     LoginSpec& access) {
  const JsonNode& value = member.value;
  const std::string_view key = member.key;
  if (key == "account") {
    access.account = account(value, path);
  } else if (key == "scopes") {
    settings.scopes = scopes(value, path);
  } else if (key == "grant") {
    access.grant = grant(value, path);
  } else if (key == "clientId") {
    settings.client_id = resolve(value, path).value_or("");
  } else if (key == "clientSecret") {
    settings.client_secret = secret(value, path, key);
  } else if (key == "clientAuthentication") {
    settings.client_authentication = client_authentication(value, path);
  } else if (key == "privateKeyFile") {
    settings.private_key = private_key(value, path);
  } else if (key == "clientMetadataUrl") {
    settings.client_metadata_url = client_metadata_url(value, path);
  } else if (key == "authorizationServer") {
    settings.authorization_server = issuer(value, path);
  } else if (key == "callbackPort") {
    const auto port = read_count(value, path, 0, 65535, findings_).value_or(0);
    if (port != 0 && settings.callback_url.empty())
      settings.callback_url = oauth::LoopbackCallback().uri(static_cast<std::uint16_t>(port));
  } else if (key == "callbackUrl") {
    settings.callback_url = callback_url(value, path);
  } else if (key == "allowPrivateAddresses") {
    access.private_addresses = read_boolean(value, path, findings_).value_or(false);
  }
}

std::string ServerValues::account(const JsonNode& node, const std::string& path) {
  std::string name = resolve(node, path).value_or("");
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (name.size() > kMaxAccount || std::ranges::any_of(name, control))
    findings_.error(path, node.at, "an account's name has at most 64 characters, and no control characters");
  return name;
}

oauth::Grant ServerValues::grant(const JsonNode& node, const std::string& path) {
  const auto text = read_text(node, path, findings_);
  if (text == "client_credentials") return oauth::Grant::client_credentials;
  if (text && text != "authorization_code")
    findings_.error(
        path, node.at, "unknown grant " + quoted(*text) + name_hint(*text, {"authorization_code", "client_credentials"}));
  return oauth::Grant::authorization_code;
}

std::optional<oauth::ClientAuthentication> ServerValues::client_authentication(const JsonNode& node, const std::string& path) {
  const auto text = read_text(node, path, findings_);
  if (!text) return std::nullopt;
  const auto method = oauth::parse_client_authentication(*text);
  if (!method)
    findings_.error(path,
                    node.at,
                    "unknown value " + quoted(*text) +
                        name_hint(*text, {"none", "client_secret_basic", "client_secret_post", "private_key_jwt"}));
  return method;
}

/// A list, or one text with blanks between, as OAuth writes them.
std::optional<std::vector<std::string>> ServerValues::scopes(const JsonNode& node, const std::string& path) {
  std::vector<std::string> found;
  const auto add = [&](std::string_view scope, const std::string& at, const JsonNode& where) {
    if (!is_scope(scope)) {
      findings_.error(at, where.at, "a scope is a word without blanks, quotes and backslashes");
    } else if (std::ranges::find(found, scope) == found.end()) {
      found.emplace_back(scope);
    }
  };
  if (node.is(JsonNode::Kind::array)) {
    if (node.items.size() > kMaxScopes) findings_.error(path, node.at, "more than " + std::to_string(kMaxScopes) + " scopes");
    for (std::size_t i = 0; i < std::min(node.items.size(), kMaxScopes); ++i) {
      const auto scope = read_text(node.items[i], path_of_item(path, i), findings_);
      if (scope) add(*scope, path_of_item(path, i), node.items[i]);
    }
    return found;
  }
  if (!node.is(JsonNode::Kind::string)) {
    findings_.wrong_type(path, node, "an array of scopes");
    return std::nullopt;
  }
  std::string_view text = node.text;
  while (!(text = mcp::trim_blanks(text)).empty()) {
    const auto end = text.find(' ');
    add(text.substr(0, end), path, node);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
  return found;
}

/// A place that secrets go to, or by which we are known: it is nobody's but its owner's to read on the way.
std::string ServerValues::https_url(const JsonNode& node, const std::string& path) {
  const auto text = resolve(node, path);
  if (!text) return "";
  if (const std::string problem = url_problem(*text); !problem.empty()) {
    findings_.error(path, node.at, problem);
  } else if (const auto url = mcp::Url::parse(*text); !url->tls() && !mcp::is_loopback_host(url->host)) {
    findings_.error(path, node.at, "expected a URL with https");
  }
  return *text;
}

/// RFC 8414, 2. One with a fragment is no URL of ours at all.
std::string ServerValues::issuer(const JsonNode& node, const std::string& path) {
  std::string text = https_url(node, path);
  if (text.contains('?'))
    findings_.error(path, node.at, "an issuer has neither query nor fragment: write what stands before the \"?\"");
  return text;
}

/// Where it is ours the gateway serves it, beside what it has at other paths; others are told from their host by a path, too.
std::string ServerValues::client_metadata_url(const JsonNode& node, const std::string& path) {
  std::string text = https_url(node, path);
  const auto url = mcp::Url::parse(text);
  if (!url) return text;
  const std::string_view place = url->path();
  if (place == "/") {
    findings_.error(path, node.at, R"(the URL needs a path, as in "https://gateway.example/client.json")");
  } else if (place == "/mcp" || place.starts_with("/mcp/") || place == "/healthz" || place == "/readyz") {
    findings_.error(
        path, node.at, "the gateway has something else at " + quoted(place) + ", so no document can be there; take another path");
  }
  return text;
}

/// The client's registration has it byte by byte.
std::string ServerValues::callback_url(const JsonNode& node, const std::string& path) {
  std::string text = https_url(node, path);
  if (text.find_first_of("?#") != std::string::npos)
    findings_.error(path, node.at, "expected a URL without query and fragment: the authorization server adds its answer to it");
  return text;
}

std::string ServerValues::private_key(const JsonNode& node, const std::string& path) {
  const auto name = resolve(node, path);
  if (!name || disabled_) return "";
  const std::string file = absolute(*name);
  files_.push_back(file);
  auto text = read_text_file(file, kMaxKeyBytes);
  if (!text) {
    findings_.error(path, node.at, text.error().message);
    return "";
  }
  if (!text->contains("PRIVATE KEY-----"))
    findings_.error(path, node.at, file + ": holds no private key in PEM form (\"-----BEGIN PRIVATE KEY-----\")");
  return std::move(*text);
}

std::string ServerValues::secret(const JsonNode& node, const std::string& path, std::string_view key) {
  findings_.literal_secret(path, node.at, literal_env_secret("CLIENT_SECRET", node.text));
  return resolve(node, path, key).value_or("");
}

BearerSpec ServerValues::bearer() {
  BearerSpec spec;
  if (const FieldEntry* entry = field(Field::bearer_variable)) read_bearer_variable(*entry->value, entry->path, spec);
  const FieldEntry* entry = field(Field::bearer);
  if (entry == nullptr) return spec;
  if (!entry->value->is(JsonNode::Kind::object)) {
    findings_.wrong_type(entry->path, *entry->value, R"({"env": "VARIABLE"}, {"file": "…"} or {"command": ["program", …]})");
    return spec;
  }
  for (const JsonMember& member : entry->value->members) {
    const std::string path = path_of_key(entry->path, member.key);
    if (member.earlier) findings_.error(path, member.at, repeated_message(*member.earlier));
    read_bearer_member(member, path, spec);
  }
  const int ways = (spec.variable.empty() ? 0 : 1) + (spec.file.empty() ? 0 : 1) + (spec.command.empty() ? 0 : 1);
  if (ways != 1 && !disabled_)
    findings_.error(entry->path, entry->value->at, R"(expected one of "env", "file" and "command": where the token comes from)");
  const FieldEntry* headers = field(Field::headers);
  if (headers != nullptr && std::ranges::any_of(headers->value->members, [](const JsonMember& member) {
        return mcp::equals_ignoring_case(member.key, "authorization");
      }))
    findings_.error(entry->path, entry->at, "\"bearer\" and an Authorization under \"headers\" exclude each other");
  return spec;
}

void ServerValues::read_bearer_member(const JsonMember& member, const std::string& path, BearerSpec& spec) {
  const JsonNode& value = member.value;
  if (member.key == "env") {
    read_bearer_variable(value, path, spec);
  } else if (member.key == "file") {
    const auto name = resolve(value, path);
    if (name && name->empty()) findings_.error(path, value.at, "expected a file's name, found nothing");
    if (name && !name->empty()) spec.file = absolute(*name);
  } else if (member.key == "command") {
    read_bearer_command(value, path, spec);
  } else if (member.key == "timeout") {
    spec.timeout = read_seconds(value, path, false, findings_).value_or(spec.timeout);
  } else {
    findings_.error(path, member.at, "unknown key " + quoted(member.key) + name_hint(member.key, views_of(kBearerKeys)));
  }
}

void ServerValues::read_bearer_command(const JsonNode& value, const std::string& path, BearerSpec& spec) {
  if (!value.is(JsonNode::Kind::array)) return findings_.wrong_type(path, value, "an array: a program and its arguments");
  if (value.items.empty()) {
    findings_.error(path, value.at, "expected a program to start, and perhaps its arguments, found an empty array");
    return;
  }
  if (value.items.size() > kMaxArguments) findings_.error(path, value.at, "more than 100 arguments");
  for (std::size_t i = 0; i < std::min(value.items.size(), kMaxArguments); ++i)
    spec.command.push_back(resolve(value.items[i], path_of_item(path, i)).value_or(""));
  if (spec.command.front().empty()) findings_.error(path, value.at, "expected a program to start, found nothing");
}

void ServerValues::read_bearer_variable(const JsonNode& node, const std::string& path, BearerSpec& spec) {
  const auto name = read_text(node, path, findings_);
  if (!name) return;
  // A stored secret is none: another client's file must not name one.
  if (!is_environment_name(*name) || name->starts_with(kSecretPrefix)) {
    findings_.error(path, node.at, "expected the name of a variable");
    return;
  }
  spec.variable = *name;
  const auto value = context_.environment(*name);
  if (disabled_) return;
  if (!value || value->empty()) {
    findings_.missing_variable(path, node.at, "the variable " + *name + " is not set; set it where switchyard runs");
    return;
  }
  spec.token = mcp::trim_blanks(*value);
  if (std::ranges::any_of(spec.token, [](char c) { return c <= ' ' || c > '~'; }))
    findings_.error(path, node.at, "the variable " + *name + " holds what no header can: a token is visible ASCII without blanks");
}

}  // namespace gateway
