#include "gateway/upstream/backoff.h"

#include <algorithm>

namespace gateway {

std::chrono::milliseconds Backoff::next(double random) {
  constexpr int kFirst = 1000;
  constexpr int kLongest = 60'000;
  const int doublings = std::min(failures_, 6);
  ++failures_;
  const int whole = std::min(kFirst << doublings, kLongest);
  return std::chrono::milliseconds(whole - static_cast<int>(random * whole / 4));
}

}  // namespace gateway
