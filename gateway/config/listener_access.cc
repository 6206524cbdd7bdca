#include "gateway/config/listener_access.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "gateway/config/expand.h"
#include "gateway/config/field_values.h"
#include "gateway/config/near_name.h"
#include "gateway/config/secret_hint.h"
#include "gateway/config/server_fields.h"
#include "gateway/config/text_file.h"
#include "mcp/http/url.h"

namespace gateway {

namespace {

using mcp::ErrorCode;
using mcp::fail;

constexpr std::size_t kShortest = 16, kLongest = 4096;  // characters of a token
constexpr std::size_t kStrong = 32;
constexpr std::size_t kFewKinds = 10;      // of characters, in a token that is hardly random
constexpr std::size_t kMostTokens = 1000;  // each request is compared with all
constexpr std::size_t kFileBytes = std::size_t{1} << 20;
constexpr std::string_view kMakeOne = "make one with: openssl rand -base64 32";

constexpr auto kTokenKeys = std::to_array<std::string_view>({"env", "file"});
constexpr auto kTlsKeys = std::to_array<std::string_view>({"certificate", "key"});

std::string sentence(std::string_view text) {
  std::string out(text);
  out.front() = static_cast<char>(out.front() - 'a' + 'A');
  return out + ".";
}

/// RFC 6750 section 2.1, b64token.
bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

/// What is wrong with a token, as "it is …"; "" for none.
std::string problem_of(std::string_view token) {
  if (token.empty()) return "it is empty";
  if (token.size() < kShortest) return "it is shorter than 16 characters, so it can be guessed";
  if (token.size() > kLongest) return "it is longer than 4096 characters";
  if (!std::ranges::all_of(token, is_token_character)) {
    return "it has characters that a bearer token cannot have (RFC 6750): only letters, digits and - . _ ~ + / = can be sent";
  }
  return "";
}

class AccessReader {
 public:
  AccessReader(const Environment& environment, Config& config, Findings& findings)
      : environment_(environment), config_(config), findings_(findings) {}

  void read(const JsonMember& member) {
    if (!member.value.is(JsonNode::Kind::object)) {
      return findings_.wrong_type(member.key, member.value, R"(an object with "tokens", "tls" or "behindProxy")");
    }
    refuse_repeated_keys(member.value, member.key, findings_);
    for (const JsonMember& field : member.value.members) {
      const std::string path = path_of_key(member.key, field.key);
      if (!known(field, path, kAccessKeys)) continue;
      if (field.key == "tokens") {
        read_tokens(field, path);
      } else if (field.key == "tls") {
        read_tls(field, path);
      } else {
        access().behind_proxy = read_boolean(field.value, path, findings_).value_or(false);
      }
    }
  }

 private:
  AccessSpec& access() { return config_.access; }

  template <std::size_t Count>
  bool known(const JsonMember& field, const std::string& path, const std::array<std::string_view, Count>& keys) {
    if (std::ranges::find(keys, field.key) != keys.end()) return true;
    const std::vector<std::string_view> names(keys.begin(), keys.end());
    findings_.error(path, field.at, "unknown key " + gateway::quoted(field.key) + name_hint(field.key, names));
    return false;
  }

  void read_tokens(const JsonMember& member, const std::string& path) {
    if (!member.value.is(JsonNode::Kind::object)) {
      return findings_.wrong_type(path, member.value, R"(an object of tokens: { "NAME": { "env": "VARIABLE" } })");
    }
    if (member.value.members.size() > kMostTokens) return findings_.error(path, member.at, "more than 1000 tokens");
    access().tokens.reserve(member.value.members.size());
    for (const JsonMember& token : member.value.members)
      read_token(token, path_of_key(path, token.key));
    if (member.value.members.empty()) {
      findings_.error(path, member.at, "there is no token here; name one, or leave \"tokens\" out to let everybody in");
    }
  }

  void read_token(const JsonMember& member, const std::string& path) {
    if (!environment_name_fits(member.key)) {
      findings_.error(path, member.at, "a token's name is 1 to 64 of A-Z a-z 0-9 _ . -");
    } else if (member.key == "local" || member.key == "switchyard") {
      findings_.error(path, member.at, "the name " + gateway::quoted(member.key) + " is the gateway's own; take another");
    }
    AccessToken token{.name = member.key};
    if (member.value.is(JsonNode::Kind::string)) {
      read_written(member, path, token);
    } else if (member.value.is(JsonNode::Kind::object)) {
      read_source(member, path, token);
    } else {
      findings_.wrong_type(path, member.value, R"({ "env": "VARIABLE" }, { "file": "PATH" } or "${VARIABLE}")");
    }
    access().tokens.push_back(std::move(token));
  }

  static bool environment_name_fits(std::string_view name) {
    const auto fits = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
    };
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits);
  }

  /// With the variables put in that are set. The store is for servers: whether it can be read must not decide about the door.
  /// `instead`: what to write where a secret of it is named.
  Expansion expand(const std::string& text, const std::string& path, const JsonNode& node, std::string_view instead) {
    Expansion expansion = expand_variables(text, environment_, false);
    for (const std::string& problem : expansion.errors)
      findings_.error(path, node.at, problem);
    const auto stored = [](std::string_view name) { return name.starts_with(kSecretPrefix); };
    if (std::ranges::any_of(expansion.missing, stored) ||
        std::ranges::any_of(expansion.used, [&](const auto& put_in) { return stored(put_in.first); })) {
      findings_.error(path, node.at, "a stored secret is not looked at here; " + std::string(instead));
    }
    return expansion;
  }

  void read_written(const JsonMember& member, const std::string& path, AccessToken& token) {
    const auto text = read_text(member.value, path, findings_);
    if (!text) return;
    token.text = *text;
    const Expansion expansion = expand(*text, path, member.value, R"(write { "env": "VARIABLE" } or { "file": "PATH" })");
    if (expansion.had_variable) return;
    if (const std::string problem = problem_of(expansion.text); !problem.empty()) {
      findings_.error(path, member.value.at, "the token cannot be used: " + problem + "; " + std::string(kMakeOne));
    } else {
      findings_.literal_secret(path, member.value.at, literal_env_secret("ACCESS_TOKEN_" + member.key, expansion.text));
    }
  }

  void read_source(const JsonMember& member, const std::string& path, AccessToken& token) {
    for (const JsonMember& field : member.value.members) {
      const std::string here = path_of_key(path, field.key);
      if (!known(field, here, kTokenKeys)) continue;
      const auto text = read_text(field.value, here, findings_);
      if (!text) continue;
      if (field.key == "file") {
        token.file = path_at(*text, here, field, token.missing);
      } else if (is_environment_name(*text)) {
        token.variable = *text;
      } else {
        // Not repeated: it may be the token itself.
        findings_.error(here, field.value.at, "expected the name of a variable, not what is in it");
      }
    }
    const auto count = std::ranges::count_if(
        member.value.members, [](const JsonMember& field) { return std::ranges::find(kTokenKeys, field.key) != kTokenKeys.end(); });
    if (count != 1) findings_.error(path, member.at, R"(expected one of "env" and "file")");
  }

  void read_tls(const JsonMember& member, const std::string& path) {
    if (!member.value.is(JsonNode::Kind::object)) {
      return findings_.wrong_type(path, member.value, R"({ "certificate": "FILE.pem", "key": "FILE.pem" })");
    }
    TlsFiles files;
    for (const JsonMember& field : member.value.members) {
      const std::string here = path_of_key(path, field.key);
      if (!known(field, here, kTlsKeys)) continue;
      const auto text = read_text(field.value, here, findings_);
      if (text) (field.key == "key" ? files.key : files.certificate) = path_at(*text, here, field, files.missing);
    }
    for (const std::string_view key : kTlsKeys) {
      if (member.value.find(key) == nullptr) findings_.error(path, member.at, gateway::quoted(key) + " is missing: a PEM file");
    }
    access().tls = std::move(files);
  }

  /// A path with its variables put in, from the folder of the configuration on. What is not set is told when the file is needed.
  std::string path_at(const std::string& text, const std::string& path, const JsonMember& field, std::string& missing) {
    const Expansion expansion = expand(text, path, field.value, "write the path itself, or ${VARIABLE}");
    if (!expansion.missing.empty()) missing = expansion.missing.front();
    std::string whole = expand_home(expansion.text, environment_);
    if (text.empty()) findings_.error(path, field.value.at, "expected a path");
    if (whole.empty() || whole.starts_with('/')) return whole;
    return (std::filesystem::path(config_.file).parent_path() / whole).lexically_normal().string();
  }

  const Environment& environment_;
  Config& config_;
  Findings& findings_;
};

std::string of_token(const AccessToken& token) {
  return "the access token \"" + token.name + "\"";
}

std::unexpected<mcp::Error> not_set(const std::string& what, const std::string& variable) {
  return fail(ErrorCode::variable_missing,
              what + " cannot be had: the variable " + variable + " is not set",
              "Set it where the gateway runs.");
}

mcp::Result<std::string> value_of(const AccessToken& token, const Environment& environment) {
  if (!token.missing.empty()) return not_set(of_token(token), token.missing);
  if (!token.variable.empty()) {
    auto value = environment(token.variable);
    if (!value) return not_set(of_token(token), token.variable);
    return std::move(*value);
  }
  if (token.file.empty()) {
    Expansion expansion = expand_variables(token.text, environment, false);
    if (!expansion.missing.empty()) return not_set(of_token(token), expansion.missing.front());
    return std::move(expansion.text);
  }
  auto text = read_text_file(token.file, kFileBytes);
  if (!text) {
    return fail(ErrorCode::io_error,
                of_token(token) + " cannot be had: " + text.error().message,
                "Write the token into that file, readable by the gateway alone.");
  }
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

}  // namespace

void read_access(const JsonMember& member, const Environment& environment, Config& config, Findings& findings) {
  AccessReader(environment, config, findings).read(member);
}

mcp::Result<std::vector<TokenValue>> read_tokens(const AccessSpec& access, const Environment& environment) {
  std::vector<TokenValue> tokens;
  tokens.reserve(access.tokens.size());
  for (const AccessToken& token : access.tokens) {
    auto value = value_of(token, environment);
    if (!value) return std::unexpected(std::move(value).error());
    if (const std::string problem = problem_of(*value); !problem.empty()) {
      return fail(ErrorCode::config_invalid, of_token(token) + " cannot be used: " + problem, sentence(kMakeOne));
    }
    const auto same = std::ranges::find(tokens, *value, &TokenValue::value);
    if (same != tokens.end()) {
      return fail(ErrorCode::config_invalid,
                  of_token(token) + " is the same as \"" + same->name + "\", so nobody could tell them apart",
                  "Give each its own; " + std::string(kMakeOne) + ".");
    }
    tokens.push_back({token.name, std::move(*value)});
  }
  return tokens;
}

std::string weakness_of(std::string_view token) {
  if (token.size() < kStrong) return "it has " + std::to_string(token.size()) + " characters";
  const std::set<char> kinds(token.begin(), token.end());
  return kinds.size() < kFewKinds ? "it has only " + std::to_string(kinds.size()) + " different characters" : "";
}

std::vector<std::string> files_of(const AccessSpec& access) {
  std::vector<std::string> files;
  files.reserve(access.tokens.size() + 2);
  for (const AccessToken& token : access.tokens) {
    if (!token.file.empty()) files.push_back(token.file);
  }
  if (access.tls) {
    files.push_back(access.tls->certificate);
    files.push_back(access.tls->key);
  }
  return files;
}

mcp::Result<> check_listener(const ListenAddress& address, const AccessSpec& access) {
  if (mcp::is_loopback_host(address.host)) return {};
  const std::string beyond = address.text() + " is beyond this machine, and ";
  if (access.tokens.empty()) {
    return fail(ErrorCode::config_invalid,
                beyond + "no access token says who may call tools there: refusing to listen",
                R"(Listen on 127.0.0.1, or write "access": {"tokens": {"NAME": {"env": "VARIABLE"}}, "tls": {"certificate": )"
                R"("FILE.pem", "key": "FILE.pem"}} into the configuration.)");
  }
  if (!access.tls && !access.behind_proxy) {
    return fail(
        ErrorCode::config_invalid,
        beyond + "without TLS the access tokens could be read on the way: refusing to listen",
        R"(Write "tls": {"certificate": "FILE.pem", "key": "FILE.pem"} into "access"; or "behindProxy": true, where a proxy )"
        "in front does TLS.");
  }
  return {};
}

}  // namespace gateway
