#pragma once

#include <string_view>

namespace mcp {

/// Whether `challenges`, the values of WWW-Authenticate joined by ", ", say that what the request was sent with does not reach far
/// enough: error="insufficient_scope" (RFC 6750, 3.1).
bool wants_more_scope(std::string_view challenges);

}  // namespace mcp
