#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway {

/// A host somebody allows, as a request's Host is compared: lower case, without port and brackets, an IPv6 address in its short
/// form. Takes "host", "host:port", "[v6]", "[v6]:port" and a bare IPv6 address; nothing for anything else.
std::optional<std::string> normal_host(std::string_view text);

/// An origin somebody allows, as browsers send it: "scheme://host" in lower case, with a port unless it is the scheme's own.
/// Nothing where there is more (a path, a user, …) or less.
std::optional<std::string> normal_origin(std::string_view text);

}  // namespace gateway
