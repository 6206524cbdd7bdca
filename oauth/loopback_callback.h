#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oauth {

/// A redirect URI on this machine's loopback, where a program can wait for the browser (RFC 8252, 7.3).
struct LoopbackCallback {
  std::string host = "127.0.0.1";  // as it was written: "localhost", "127.0.0.1" or "[::1]"
  std::uint16_t port = 0;          // 0: it names none, and any will do
  std::string path = "/callback";

  /// Byte by byte what parse() was given, but for a port that was not named there.
  std::string uri(std::uint16_t open_port) const;

  /// {}: it is on no loopback, or https; a program here hears nothing of who comes there.
  static std::optional<LoopbackCallback> parse(std::string_view uri);

  bool operator==(const LoopbackCallback&) const = default;
};

}  // namespace oauth
