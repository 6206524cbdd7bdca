#include "gateway/upstream/backoff.h"

#include <algorithm>

namespace gateway {

namespace {

constexpr int kFirst = 1000;
constexpr int kLongest = 60'000;

std::chrono::milliseconds shortened(int whole, double random) {
  return std::chrono::milliseconds(whole - static_cast<int>(random * whole / 4));
}

}  // namespace

std::chrono::milliseconds Backoff::next(double random) {
  const int doublings = std::min(failures_, 6);
  ++failures_;
  return shortened(std::min(kFirst << doublings, kLongest), random);
}

std::chrono::milliseconds Backoff::longest(double random) {
  return shortened(kLongest, random);
}

}  // namespace gateway
