#include "gateway/admin/poll_until.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace gateway {

bool poll_until(std::span<pollfd> polled, std::chrono::steady_clock::time_point until) {
  constexpr std::int64_t kLongest = 60'000;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(std::min<std::int64_t>(left, kLongest)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace gateway
