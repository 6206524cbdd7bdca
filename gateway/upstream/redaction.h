#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/error.h"

namespace gateway {

/// Keeps a server's secrets out of what it says: servers echo their tokens on stderr and in error bodies, and those texts reach
/// logs, the status and agents. A secret is a value of the server's environment or headers whose key usually holds one, or that
/// has the shape of one, and that has at least eight characters. Immutable.
class Redaction {
 public:
  explicit Redaction(const ServerSpec& spec);

  /// The text with every secret as "***", cut to 4 KiB: what a server says of its trouble may be of any length.
  std::string clean(std::string_view text) const;

  mcp::Error clean(mcp::Error error) const;

 private:
  void add(std::string_view key, std::string_view value);

  std::vector<std::string> secrets_;  // the longest first, so that none hides in a part of another
};

}  // namespace gateway
