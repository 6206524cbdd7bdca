#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/result.h"

namespace gateway {

/// Looks a variable of the environment up; nothing when it is not set. Under a name that begins with kSecretPrefix, which no
/// variable has, it looks a stored secret up (${secret:NAME}).
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

inline constexpr std::string_view kSecretPrefix = "secret:";

/// Whether a stored secret can have that name: 1 to 128 of A-Z a-z 0-9 _ . -
bool is_secret_name(std::string_view name);

/// Bounds of `maxNameLength`.
inline constexpr std::size_t kMinNameLength = 16, kMaxNameLength = 128;

/// Reads and checks a configuration: JSON with comments and trailing commas. One bad server becomes a BrokenServer and leaves the
/// others; a file that cannot be read as a whole (syntax; an unknown or repeated top-level key in a file of ours; a wrong top-level
/// value; a malformed profile) is an Error config_invalid whose message lists every mistake, one a line, each with file, line,
/// column, path, what was expected and the nearest known key. A profile that names a server which is not there goes without it:
/// that is a Diagnostic of severity error in Config::diagnostics, no failure.
///
/// `file` is for messages and for its folder, where relative `cwd` and `envFile` start; an `envFile` is read. A file without any of
/// our own top-level keys, but with others, is foreign (Config::foreign): its servers are taken from `mcpServers`, else `servers`,
/// else `context_servers`; other clients' spellings are understood and unknown keys are warnings. Takes any bytes.
mcp::Result<Config> parse_config(std::string_view text, const std::string& file, const Environment& environment);

/// Reads the file and parses it. A file that is not there is an Error io_error that names it and how to make one; so is, with a
/// remedy of its own, one that cannot be read, is over 64 MiB, or no regular file (a pipe would be empty at the next reload). A
/// TOML file is an Error config_invalid.
mcp::Result<Config> load_config(const std::string& file, const Environment& environment);

/// Error config_invalid for a file whose name says that it is TOML.
mcp::Result<> refuse_toml(const std::string& file);

/// The environment of a stdio server's process: the allow-list (HOME, LOGNAME, PATH, SHELL, USER, LANG, LC_*, TERM, TMPDIR, TZ),
/// proxy and certificate variables (HTTP_PROXY, HTTPS_PROXY, NO_PROXY, ALL_PROXY in both spellings, SSL_CERT_FILE, SSL_CERT_DIR,
/// NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, …), then what the file names, which wins. "NAME=value" each, no name
/// twice, always in the same order.
std::vector<std::string> child_environment(const StdioSpec& spec, const Environment& environment);

/// What tools.allow and tools.deny say of one tool.
struct Admission {
  enum class Kind { allowed, not_allowed, denied };  // a pattern of allow fits and none of deny does; none of either; one of deny

  Kind kind = Kind::not_allowed;
  std::string_view pattern;  // that decided, of `spec`; "" where none fits
};

Admission admission_of(const ServerSpec& spec, std::string_view tool);

/// Whether the configuration offers the tool of that name: tools.allow has it and tools.deny has not.
bool admits(const ServerSpec& spec, std::string_view tool);

/// Glob over a tool name: '*' any run, '?' one character, the rest literal; case matters. At most pattern × text steps.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace gateway
