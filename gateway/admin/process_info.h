#pragma once

#include <cstdint>
#include <optional>

namespace gateway {

/// What the system says of our own process; nothing where /proc does not tell.
struct ProcessInfo {
  std::optional<std::uint64_t> resident_bytes;
  std::optional<double> cpu_seconds;  // user and system
  std::optional<double> start_time;   // seconds since the epoch
  std::optional<std::uint64_t> open_fds;

  /// Reads /proc/self. Any thread.
  static ProcessInfo of_self();
};

}  // namespace gateway
