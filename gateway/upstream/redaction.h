#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "mcp/base/error.h"

namespace gateway {

/// Keeps a server's secrets (secrets_of()) out of what it says: servers echo their tokens on stderr and in error bodies, and those
/// texts reach logs, the status and agents.
class Redaction {
 public:
  explicit Redaction(const ServerSpec& spec);

  /// One more secret; nothing where it is too short to be told from other text.
  void add(const std::string& secret);

  /// The text with every secret as "***", cut to 4 KiB: what a server says of its trouble may be of any length.
  std::string clean(std::string_view text) const;

  mcp::Error clean(mcp::Error error) const;

 private:
  /// A text that somebody cut may end within a secret.
  void cover_beginning(std::string& text) const;

  std::vector<std::string> secrets_;  // the longest first, so that none hides in a part of another
};

}  // namespace gateway
