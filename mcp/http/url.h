#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mcp/base/result.h"

namespace mcp {

/// An absolute http or https URL, taken apart. Made only by parse().
struct Url {
  std::string scheme;  // "http" | "https"
  std::string host;    // lower case, without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, at least "/"; no fragment

  bool tls() const { return scheme == "https"; }

  /// "https://host:port", the port left out where it is the scheme's own, IPv6 in brackets.
  std::string origin() const;

  /// The Host header: host, and the port where it is not the scheme's own.
  std::string host_header() const;

  /// The path alone: the target without its query.
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }

  /// Where a reference met at this URL leads (RFC 3986, 5.2): "/other", "../x", "?q", "//host/x", an absolute URL. parse()'s
  /// errors.
  Result<Url> resolve(std::string_view reference) const;

  /// Errors: config_invalid, saying what is wrong (no scheme, other scheme, user info, bad port, …); never repeats user info.
  static Result<Url> parse(std::string_view text);
};

/// "localhost", 127.0.0.0/8, ::1 (with or without brackets).
bool is_loopback_host(std::string_view host);

}  // namespace mcp
