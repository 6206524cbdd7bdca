#include "gateway/config/server_identity.h"

#include <algorithm>
#include <array>
#include <map>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <set>
#include <type_traits>

namespace gateway {

namespace {

/// Two halves and nothing beside them: a third initializer would be for a field that is in neither.
template <class Spec, class... Parts>
concept InitializedBy = requires(Parts... parts) { Spec{parts...}; };
static_assert(InitializedBy<ServerSpec, ServerConnection, ServerPresentation>);
static_assert(sizeof(ServerSpec) == sizeof(ServerConnection) + sizeof(ServerPresentation),
              "a field of ServerSpec belongs to ServerConnection or to ServerPresentation");

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  HMAC(EVP_sha256(),
       key.data(),
       static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()),
       text.size(),
       digest.data(),
       &length);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

/// Texts one after the other, so that no two lists make the same one.
void append_counted(std::string& all, std::string_view text) {
  all += std::to_string(text.size());
  all += ':';
  all += text;
}

}  // namespace

/// Each structured binding names all fields of its struct: with one more, it does not compile.
class ServerIdentity::Builder {
 public:
  Builder(ServerIdentity& identity, std::string_view key) : identity_(identity), key_(key) {}

  void add(std::string words, std::string_view value) {
    std::string text;
    append_counted(text, words);
    append_counted(text, value);
    identity_.parts_.emplace_back(std::move(words), hmac(key_, text));
  }

  void add(const StdioSpec& spec) {
    const auto& [command, args, env, cwd, sandbox] = spec;
    add("type", "stdio");
    add("command", command);
    for (std::size_t i = 0; i < args.size(); ++i)
      add("args[" + std::to_string(i) + "]", args[i]);
    for (const auto& [name, value] : sorted(env))
      add("env " + name, value);
    add("cwd", cwd);
    add(sandbox);
  }

  void add(const SandboxSpec& sandbox) {
    const auto& [level, read, write, network] = sandbox;
    std::string text = std::to_string(static_cast<int>(level)) + (network ? " with network" : "");
    for (const auto* paths : {&read, &write}) {
      text += '\n';
      for (const std::string& path : *paths)
        append_counted(text, path);
    }
    add("sandbox", text);
  }

  void add(const HttpSpec& spec) {
    const auto& [url, headers, ca_file, kind, access] = spec;
    add("type", kind == HttpKind::streamable ? "http" : kind == HttpKind::sse ? "sse" : "http or sse");
    add("url", url);
    // The order of those of one name counts, that of names does not.
    const std::multimap<std::string, std::string> by_name(headers.begin(), headers.end());
    std::map<std::string, std::size_t> seen;
    for (const auto& [name, value] : by_name) {
      const std::size_t nth = ++seen[name];
      add("header " + name + (nth == 1 ? "" : " (" + std::to_string(nth) + ")"), value);
    }
    add("caFile", ca_file);
    add(access);
  }

  void add(const LoginSpec& access) {
    const auto& [login, account, grant, private_addresses, bearer] = access;
    if (!login) add("oauth", "false");
    if (!account.empty()) add("oauth.account", account);
    if (grant == oauth::Grant::client_credentials) add("oauth.grant", "client_credentials");
    if (private_addresses) add("oauth.allowPrivateAddresses", "true");
    add(bearer);
  }

  void add(const BearerSpec& bearer) {
    // How long a program may take concerns no connection, but it is not worth a place of its own.
    const auto& [variable, token, file, command, timeout] = bearer;
    if (!bearer.any()) return;
    std::string text = std::to_string(timeout.count());
    for (const std::string* part : {&variable, &token, &file})
      append_counted(text, *part);
    for (const std::string& part : command)
      append_counted(text, part);
    add("bearer", text);
  }

  void finish() {
    std::string all;
    append_counted(all, identity_.name_.str());
    for (const auto& [words, digest] : identity_.parts_) {
      append_counted(all, words);
      append_counted(all, digest);
    }
    identity_.digest_ = hmac(key_, all);
  }

 private:
  /// Nobody reads an environment in order.
  static std::vector<std::pair<std::string, std::string>> sorted(std::vector<std::pair<std::string, std::string>> pairs) {
    std::ranges::sort(pairs);
    return pairs;
  }

  ServerIdentity& identity_;
  std::string_view key_;
};

ServerIdentity::ServerIdentity(const ServerConnection& connection,
                               std::string_view owner,
                               std::string_view key,
                               std::uint64_t instance,
                               std::string_view login)
    : name_(connection.name) {
  const auto& [name, transport, environment, isolation] = connection;
  Builder builder(*this, key);
  builder.add("file", owner);
  std::visit([&](const auto& spec) { builder.add(spec); }, transport);
  builder.add("isolation", to_string(isolation));
  if (!environment.empty()) builder.add("environment", environment);
  builder.finish();
  if (instance != 0) builder.add("instance of environment " + environment, std::to_string(instance));
  if (!login.empty()) builder.add("login", login);
}

std::vector<std::string> ServerIdentity::differences(const ServerIdentity& other) const {
  std::vector<std::string> found;
  if (name_ != other.name_) found.emplace_back("name changed");
  const std::map<std::string, std::string, std::less<>> before(other.parts_.begin(), other.parts_.end());
  std::set<std::string_view> here;
  for (const auto& [words, digest] : parts_) {
    here.insert(words);
    const auto same = before.find(words);
    if (same == before.end()) {
      found.push_back(words + " added");
    } else if (same->second != digest) {
      found.push_back(words + " changed");
    }
  }
  for (const auto& [words, digest] : other.parts_) {
    if (!here.contains(words)) found.push_back(words + " removed");
  }
  return found;
}

std::vector<std::string> differences(const ServerPresentation& before, const ServerPresentation& after) {
  std::vector<std::string> found;
  const auto compare = [&found](const char* words, const auto& a, const auto& b) {
    if (!(a == b)) found.emplace_back(words);
  };
  const auto& [enabled,
               required,
               startup_timeout,
               call_timeout,
               allow,
               deny,
               overrides,
               checks,
               start,
               idle,
               ping,
               concurrent,
               hide,
               oauth,
               secrets] = before;
  const auto& [enabled2,
               required2,
               startup_timeout2,
               call_timeout2,
               allow2,
               deny2,
               overrides2,
               checks2,
               start2,
               idle2,
               ping2,
               concurrent2,
               hide2,
               oauth2,
               secrets2] = after;
  compare("enabled", enabled, enabled2);
  compare("required", required, required2);
  compare("startupTimeout", startup_timeout, startup_timeout2);
  compare("callTimeout", call_timeout, call_timeout2);
  compare("tools.allow", allow, allow2);
  compare("tools.deny", deny, deny2);
  compare("tools.override", overrides, overrides2);
  compare("validate", checks, checks2);
  compare("start", start, start2);
  compare("idleStop", idle, idle2);
  compare("pingInterval", ping, ping2);
  compare("maxConcurrent", concurrent, concurrent2);
  compare("onLoginRequired", hide, hide2);
  compare("oauth", oauth, oauth2);
  compare("what counts as a secret", secrets, secrets2);
  return found;
}

}  // namespace gateway
