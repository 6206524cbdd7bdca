#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mcp/base/error.h"
#include "mcp/base/result.h"
#include "mcp/base/strong_id.h"
#include "oauth/settings.h"

namespace gateway {

/// The key of an entry of mcpServers.
using ServerName = mcp::StrongId<struct ServerNameTag>;
/// A tool's name, or a prompt's, as its server knows it.
using ToolName = mcp::StrongId<struct ToolNameTag>;
/// The name under which clients call a tool or get a prompt.
using CallableName = mcp::StrongId<struct CallableNameTag>;

enum class SandboxLevel { off, standard, strict };

/// What a stdio server's program may see and do (docs/sandbox.md). Off: what its user may.
struct SandboxSpec {
  SandboxLevel level = SandboxLevel::off;
  std::vector<std::string> read, write;  // absolute; besides what the level gives
  bool network = true;

  bool operator==(const SandboxSpec&) const = default;
};

/// How to run a stdio server. Values are resolved: no ${VAR} is left.
struct StdioSpec {
  std::string command;  // a name looked up in PATH, or a path
  std::vector<std::string> args;
  /// What the file names: envFile's variables, then env's, which win; no name twice. child_environment() adds the allow-list.
  std::vector<std::pair<std::string, std::string>> env;
  std::string cwd;  // absolute; "": the gateway's own
  SandboxSpec sandbox;

  bool operator==(const StdioSpec&) const = default;
};

/// Which of MCP's two transports over HTTP a server speaks, as far as the file says.
enum class HttpKind { unknown, streamable, sse };

/// Where the token comes from that a server over HTTP is given, where that is no login: one of these three, or none.
struct BearerSpec {
  std::string variable, token;       // an environment variable, and what it holds
  std::string file;                  // absolute; read again when the server refuses what it held
  std::vector<std::string> command;  // a program that prints it; run again when the server refuses what it printed
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // for the program

  bool any() const { return !variable.empty() || !file.empty() || !command.empty(); }
  bool operator==(const BearerSpec&) const = default;
};

/// As whom a server over HTTP gets to know us, its headers apart.
struct LoginSpec {
  bool login = true;    // somebody may log in where the server wants that
  std::string account;  // which of several logins; "" = the only one
  oauth::Grant grant = oauth::Grant::authorization_code;
  bool private_addresses = false;  // what the server leads to may be on private and link-local addresses
  BearerSpec bearer;

  bool operator==(const LoginSpec&) const = default;
};

/// How to reach a server over HTTP.
struct HttpSpec {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string ca_file;  // PEM: certificate authorities trusted besides the system's; "" = none
  HttpKind kind = HttpKind::unknown;
  LoginSpec access = {};

  bool operator==(const HttpSpec&) const = default;
};

/// What of a call is checked against the schemas that the server has for its tool.
struct CallChecks {
  bool arguments = false;
  bool results = false;

  bool any() const { return arguments || results; }
  bool operator==(const CallChecks&) const = default;
};

/// How one tool is shown. What has no value is as the server says.
struct ToolOverride {
  std::string name;  // takes the place of the server's own in the callable name; "": none
  std::optional<std::string> title, description;

  bool operator==(const ToolOverride&) const = default;
};

/// Who shares a server's session, or process: everybody, the clients of one principal, or nobody.
enum class Isolation { shared, per_user, per_session };

std::string_view to_string(Isolation isolation);

/// When a server is started: with the gateway, or with the first use of it where it is known from before what it offers.
enum class StartMode { eager, lazy };

/// What a live connection to a server depends on: a change of any of it takes a new process or session. ServerIdentity compares it;
/// a field that is not looked at there does not compile.
struct ServerConnection {
  ServerName name;
  std::variant<StdioSpec, HttpSpec> transport;
  std::string environment;  // the name of the one it is bound to; "": none
  Isolation isolation = Isolation::shared;

  bool operator==(const ServerConnection&) const = default;
};

/// How a server is shown and treated: a change of it concerns no connection, and whether it is switched on. differences()
/// compares it; a field that is not looked at there does not compile.
struct ServerPresentation {
  bool enabled = true;
  bool required = false;
  std::chrono::milliseconds startup_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds call_timeout = std::chrono::seconds(300);
  std::vector<std::string> tools_allow = {"*"};  // globs over the server's own tool names
  std::vector<std::string> tools_deny;
  std::map<std::string, ToolOverride, std::less<>> tools_override;  // by the server's own names; no new name twice
  CallChecks checks;
  StartMode start = StartMode::eager;
  std::chrono::milliseconds idle_stop{0};                              // unused so long, it is stopped until the next use; 0: never
  std::chrono::milliseconds ping_interval = std::chrono::seconds(30);  // how often it is asked whether it is there; 0: never
  std::size_t max_concurrent = 0;                                      // tool calls at once, others queue; 0: any number
  bool hide_without_login = false;                                     // its tools leave the lists as long as it wants a login
  oauth::ServerSettings oauth = {};  // of the next login, and of the client that renews the present one; login_settings()
  /// Values of variables that were put in and seem to be secrets, wherever they landed; secrets_of() adds what the rest tells.
  std::vector<std::string> secrets;

  bool operator==(const ServerPresentation&) const = default;
};

/// One entry of mcpServers, checked and resolved. It has no fields beside those of its two halves (server_identity.cc makes sure).
struct ServerSpec : ServerConnection, ServerPresentation {
  const ServerConnection& connection() const { return *this; }
  const ServerPresentation& presentation() const { return *this; }

  bool operator==(const ServerSpec&) const = default;
};

/// What OAuth is to know of a server over HTTP.
oauth::ServerSettings login_settings(const ServerSpec& spec);

/// Whether the browser comes back from a login to this machine's loopback, where whoever began the login waits.
bool comes_back_here(const ServerSpec& spec);

/// Whether it comes back to that path of an address elsewhere, which may be the gateway's own.
bool comes_back_to(const ServerSpec& spec, std::string_view path);

/// Whether somebody's login is what the server is reached by, where there is one: nothing in the entry stands in for it.
bool uses_login(const ServerSpec& spec);

/// One mistake, or something worth saying, at a place of the file.
struct Diagnostic {
  enum class Severity { warning, error };
  enum class Missing { nothing, variable, secret };
  Severity severity = Severity::error;
  std::string path;  // "mcpServers.files.args[2]"; "" for the file as a whole
  int line = 0, column = 0;
  std::string message;                 // what is wrong, what was expected, the nearest known key, what to do
  bool literal_secret = false;         // what stands there seems to be a secret, written out
  Missing missing = Missing::nothing;  // with an error: it is none any more once that is there

  /// "FILE:12:7: mcpServers.files.args[2]: message"; without a path "FILE:12:7: message".
  std::string text(const std::string& file) const;
};

/// An entry that cannot run; the rest of the file does.
struct BrokenServer {
  ServerName name;
  bool required = false;
  mcp::Error error;       // config_invalid, name_invalid or variable_missing
  std::size_t place = 0;  // how many of Config::servers stand before it in the file
};

struct ProfileSpec {
  std::string name;
  std::vector<ServerName> servers;   // each is in Config::servers or Config::broken
  std::size_t max_name_length = 46;  // the file's own maxNameLength unless the profile has one

  bool operator==(const ProfileSpec&) const = default;
};

/// Something that servers are bound to and that comes and goes: a devbox, a mounted workspace.
struct EnvironmentSpec {
  std::string name;
  bool available = false;          // as long as nothing else tells
  std::string path;                // absolute: it is there while this exists; "" = not looked at
  std::vector<std::string> probe;  // a program and its arguments: it is there while this ends with 0; {} = not asked
  std::chrono::milliseconds interval = std::chrono::seconds(10);       // from one look to the next
  std::chrono::milliseconds probe_timeout = std::chrono::seconds(30);  // for the program

  bool operator==(const EnvironmentSpec&) const = default;
};

/// What all servers together may take; 0: any amount.
struct ResourceLimits {
  std::size_t processes = 0;   // of stdio servers, with those that clients have of their own
  std::size_t memory_mib = 0;  // of them and all they started

  bool operator==(const ResourceLimits&) const = default;
};

struct ListenAddress {
  std::string host;  // without brackets
  std::uint16_t port = 0;

  std::string text() const;  // "127.0.0.1:7332", "[::1]:7332"

  /// "HOST:PORT", "[IPV6]:PORT" or ":PORT" (127.0.0.1); port 0 takes any free one. The host is a name or an address; nothing is
  /// looked up. Errors: config_invalid, whose message goes on from the thing's name: "expected HOST:PORT, …".
  static mcp::Result<ListenAddress> parse(std::string_view text);

  bool operator==(const ListenAddress&) const = default;
};

/// A token with which clients may come in, and where it is to be had: one of `text`, `variable` and `file`.
struct AccessToken {
  std::string name;      // whose it is; the principal of who shows it
  std::string text;      // as it is written in the file, its ${VAR} not put in
  std::string variable;  // of the gateway's environment
  std::string file;      // absolute
  std::string missing;   // a variable that the path of `file` needs and that is not set; "": none

  bool operator==(const AccessToken&) const = default;
};

/// PEM files, absolute.
struct TlsFiles {
  std::string certificate, key;
  std::string missing;  // a variable that one of them needs and that is not set; "": none

  bool operator==(const TlsFiles&) const = default;
};

/// Who may come in at the MCP listener, and how it speaks.
struct AccessSpec {
  std::vector<AccessToken> tokens;  // {}: everybody who reaches it
  std::optional<TlsFiles> tls;
  bool behind_proxy = false;  // a proxy in front of a listener beyond loopback does TLS

  bool operator==(const AccessSpec&) const = default;
};

/// A configuration file, checked whole.
struct Config {
  std::string file;                 // "" when none was there (defaults)
  bool foreign = false;             // another client's file: we never write to it
  std::vector<ServerSpec> servers;  // in the order of the file
  std::vector<BrokenServer> broken;
  std::vector<ProfileSpec> profiles;
  std::vector<EnvironmentSpec> environments;
  ResourceLimits limits;
  AccessSpec access;
  ListenAddress listen{"127.0.0.1", 7332};
  ListenAddress admin{"127.0.0.1", 7333};
  std::chrono::milliseconds startup_wait = std::chrono::seconds(10);
  std::size_t max_name_length = 46;          // of the profile-less endpoint /mcp
  std::size_t list_page_size = 1000;         // tools in one page toward clients
  std::vector<std::string> allowed_origins;  // besides loopback ones; lower case, without a port that is the scheme's own
  std::vector<std::string> allowed_hosts;    // besides loopback names; lower case, without port and brackets
  std::vector<std::string> files;            // that servers are read from beside it, there or not
  std::vector<Diagnostic> diagnostics;  // warnings, the errors behind `broken`, unknown servers of profiles; in the file's order

  /// Error config_invalid for a profile that is not there; it names those that are.
  mcp::Result<> check_profile(std::string_view name) const;
};

}  // namespace gateway
