#pragma once

#include <chrono>
#include <string>

namespace gateway {

/// "2025-11-22T13:37:00.042Z" (RFC 3339, UTC, milliseconds).
std::string rfc3339(std::chrono::system_clock::time_point time);

}  // namespace gateway
