#pragma once

#include <poll.h>

#include <chrono>
#include <span>

namespace gateway {

/// Waits until one of these has something to say, whatever interrupts it; false when `until` came first, or it cannot be told.
bool poll_until(std::span<pollfd> polled, std::chrono::steady_clock::time_point until);

}  // namespace gateway
