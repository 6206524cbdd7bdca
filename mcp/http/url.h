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

  /// Errors: config_invalid, saying what is wrong (no scheme, other scheme, user info, bad port, …); never repeats user info.
  static Result<Url> parse(std::string_view text);
};

/// "localhost", 127.0.0.0/8, ::1 (with or without brackets).
bool is_loopback_host(std::string_view host);

}  // namespace mcp
