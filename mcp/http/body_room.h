#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace mcp {

/// Bytes a response may be read in one go: a server that sends faster than we read must not keep the loop from everybody else.
inline constexpr std::size_t kFairShare = std::size_t{512} << 10;

/// What is set aside at once for a body of known length: a length that lies must not cost memory.
inline constexpr std::size_t kFirstAllocation = std::size_t{1} << 20;

/// Makes room for `more` bytes behind a body that may grow to `limit`. Doubles, but never copies more than half the limit: a flood
/// would cost twice of it.
inline void make_body_room(std::string& body, std::size_t more, std::size_t limit) {
  const auto needed = body.size() + more;
  if (needed <= body.capacity()) return;
  const auto doubled = std::max(needed, body.capacity() * 2);
  body.reserve(doubled <= limit / 2 ? doubled : limit);
}

}  // namespace mcp
