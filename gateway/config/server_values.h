#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/server_entry.h"
#include "gateway/config/server_fields.h"

namespace gateway {

/// Reads the values of one server's entry that may hold variables, and what is made of them.
class ServerValues {
 public:
  /// All referenced things outlive this object. `disabled`: what the environment lacks is no mistake.
  ServerValues(const EntryContext& context, const ServerFields& fields, std::string server, bool disabled, Findings& findings)
      : context_(context), fields_(fields), server_(std::move(server)), disabled_(disabled), findings_(findings) {}

  StdioSpec stdio();
  HttpSpec http();

  /// "oauth": what of it a live connection depends on goes to `access`.
  oauth::ServerSettings oauth(LoginSpec& access);

  /// The secrets among the variables put in by the two.
  std::vector<std::string> take_secrets() { return std::move(secrets_); }

  /// The files they were read from, there or not.
  std::vector<std::string> take_files() { return std::move(files_); }

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  const FieldEntry* field(Field field) const;

  /// A value with its variables put in; nothing when a mistake was reported or a disabled server's variable is missing. `key` is
  /// the variable or header it is the value of, if any.
  std::optional<std::string> resolve(const JsonNode& node, const std::string& path, std::string_view key = {});
  std::optional<std::string> resolve_field(Field wanted);
  std::string absolute(const std::string& path) const;

  std::string command();
  std::vector<std::string> args();
  Pairs env();
  void read_env_file(Pairs& env);
  SandboxSpec sandbox();
  void read_sandbox_member(const JsonMember& member, const std::string& path, SandboxSpec& spec, std::optional<bool>& network);
  std::optional<SandboxLevel> sandbox_level(const JsonNode& node, const std::string& path);
  std::vector<std::string> sandbox_paths(const JsonNode& node, const std::string& path, bool writable);
  void read_env_member(const JsonMember& member, const std::string& path, Pairs& env);

  void read_oauth_member(const JsonMember& member, const std::string& path, oauth::ServerSettings& settings, LoginSpec& access);
  void check_oauth(const FieldEntry& entry, const oauth::ServerSettings& settings, const LoginSpec& access);
  std::string account(const JsonNode& node, const std::string& path);
  oauth::Grant grant(const JsonNode& node, const std::string& path);
  std::optional<oauth::ClientAuthentication> client_authentication(const JsonNode& node, const std::string& path);
  std::optional<std::vector<std::string>> scopes(const JsonNode& node, const std::string& path);
  std::string https_url(const JsonNode& node, const std::string& path);
  std::string issuer(const JsonNode& node, const std::string& path);
  std::string client_metadata_url(const JsonNode& node, const std::string& path);
  std::string callback_url(const JsonNode& node, const std::string& path);
  std::string private_key(const JsonNode& node, const std::string& path);
  std::string secret(const JsonNode& node, const std::string& path, std::string_view key);
  BearerSpec bearer();
  void warn_of_unused_login();
  void read_bearer_member(const JsonMember& member, const std::string& path, BearerSpec& spec);
  void read_bearer_command(const JsonNode& value, const std::string& path, BearerSpec& spec);
  void read_bearer_variable(const JsonNode& node, const std::string& path, BearerSpec& spec);
  std::string url();
  std::string ca_file();
  Pairs headers();
  void read_header(const JsonMember& member, const std::string& path, Pairs& headers);

  const EntryContext& context_;
  const ServerFields& fields_;
  std::string server_;
  bool disabled_;
  Findings& findings_;
  std::vector<std::string> secrets_, files_;
};

/// What keeps `text` from being the URL of a server, as a sentence with what to do about it, or "". mcp::Url::parse(), and no
/// fragment, no backslash, no empty port.
std::string url_problem(std::string_view text);

}  // namespace gateway
