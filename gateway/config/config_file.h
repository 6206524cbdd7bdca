#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/result.h"

namespace gateway {

/// Looks a variable of the environment up; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// Reads and checks a configuration. `text` is JSON with comments and trailing commas (product.md, "Surface"). One bad server
/// becomes a BrokenServer and leaves the others; a file that cannot be read as a whole (syntax, unknown top-level key in a file of
/// ours, wrong type of a top-level value) is an error whose message lists every mistake, one a line, each with file, line, column,
/// path, what was expected and the nearest known key.
mcp::Result<Config> parse_config(std::string_view text, const std::string& file, const Environment& environment);

/// Reads the file and parses it. A file that is not there is an Error io_error that names it and how to make one.
mcp::Result<Config> load_config(const std::string& file, const Environment& environment);

/// The environment of a stdio server's process: the allow-list (HOME, LOGNAME, PATH, SHELL, USER, LANG, LC_*, TERM, TMPDIR, TZ),
/// proxy and certificate variables (HTTP_PROXY, HTTPS_PROXY, NO_PROXY, ALL_PROXY in both spellings, SSL_CERT_FILE, SSL_CERT_DIR,
/// NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, …), then what the file names, which wins. "NAME=value" each.
std::vector<std::string> child_environment(const StdioSpec& spec, const Environment& environment);

/// Glob over a tool name: '*' any run, '?' one character, the rest literal; case matters. Linear time.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace gateway
