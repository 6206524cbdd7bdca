#pragma once

#include <functional>
#include <random>

namespace gateway {

/// Numbers in [0, 1) for jitter; not for secrets.
inline std::function<double()> make_random_source() {
  return [engine = std::mt19937_64(std::random_device{}())]() mutable { return std::uniform_real_distribution<double>()(engine); };
}

}  // namespace gateway
