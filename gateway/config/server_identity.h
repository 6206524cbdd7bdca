#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/config.h"

namespace gateway {

/// What a live connection depends on, part by part: the owner of the definition (its file), the entry's name, how the server is run
/// or reached, and the instance of the environment it is bound to. Values are held as digests only (HMAC-SHA-256), so that an
/// identity can be logged, compared with another one and written to disk without telling a secret. Two servers with equal
/// identities can use the same connection; a change of anything else never touches one. Immutable; any thread.
class ServerIdentity {
 public:
  /// `key` is this installation's own secret: without it, short values could be guessed from their digests. `owner`: the path of
  /// the file that defines the server. `instance`: how often the environment has come, 0 where the server is bound to none. `login`
  /// names the login by which the server is reached, "" where that is none: another login is another connection, a token that was
  /// renewed is not.
  ServerIdentity(const ServerConnection& connection,
                 std::string_view owner,
                 std::string_view key,
                 std::uint64_t instance = 0,
                 std::string_view login = "");

  const ServerName& name() const { return name_; }

  /// Of everything but instance and login, hex: names what belongs to this server from one life of the gateway to the next.
  const std::string& digest() const { return digest_; }

  /// The parts in which this one differs from one before it, in the words of the file: "command changed", "args[2] added",
  /// "env TOKEN removed", "header X-Key changed".
  std::vector<std::string> differences(const ServerIdentity& other) const;

  /// The same but for the entry's name.
  bool renamed_from(const ServerIdentity& other) const { return name_ != other.name_ && parts_ == other.parts_; }

  bool operator==(const ServerIdentity& other) const { return name_ == other.name_ && parts_ == other.parts_; }

 private:
  class Builder;

  ServerName name_;
  std::vector<std::pair<std::string, std::string>> parts_;  // its words, and the digest of its value; in a fixed order
  std::string digest_;
};

/// What of the presentation differs, in the words of the file: "tools.deny", "callTimeout". Nothing of it restarts a server.
std::vector<std::string> differences(const ServerPresentation& before, const ServerPresentation& after);

}  // namespace gateway
