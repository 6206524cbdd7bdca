#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/listener_access.h"

namespace gateway {

/// Who may come in at the MCP listener: the configuration's tokens, and the one that this gateway made for its user's own commands.
/// Keeps no token, only SHA-256 digests. Never changes; copies share nothing.
class AccessTable {
 public:
  /// One who may come in.
  struct Entry {
    std::string principal;   // the token's name; "local" for the gateway's own
    std::string credential;  // tells this token from every other, also from one of the same name; no secret
    std::array<unsigned char, 32> digest{};
  };

  AccessTable() = default;
  AccessTable(const std::vector<TokenValue>& tokens, std::string_view local_token);

  /// Whether strangers are kept out: the configuration has tokens.
  bool asks() const { return asks_; }

  /// Whose token stands in an Authorization header (RFC 6750: "Bearer TOKEN"); null for nobody's. Compares with every token in
  /// constant time, however early one fits. Valid as long as this table.
  const Entry* identify(std::string_view authorization) const;

  bool has(std::string_view credential) const;

  /// Of all, in order: two tables with the same ones let the same in.
  std::vector<std::string> credentials() const;

  /// Names of the configuration's tokens, in its order.
  std::vector<std::string> names() const;

 private:
  std::vector<Entry> entries_;
  bool asks_ = false;
};

/// The token of "Bearer TOKEN"; "" where the header is absent, or of another scheme.
std::string_view bearer_token(std::string_view authorization);

}  // namespace gateway
