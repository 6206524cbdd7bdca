#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace mcp {

/// Makes room for `more` bytes behind a body that may grow to `limit`. Doubles, but never copies more than half the limit: a flood
/// would cost twice of it.
inline void make_body_room(std::string& body, std::size_t more, std::size_t limit) {
  const auto needed = body.size() + more;
  if (needed <= body.capacity()) return;
  const auto doubled = std::max(needed, body.capacity() * 2);
  body.reserve(doubled <= limit / 2 ? doubled : limit);
}

}  // namespace mcp
