#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace gateway {

/// All chance of one run, so that its seed repeats it.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  /// In [0, end). The standard's distributions differ from library to library.
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }

  bool chance(std::size_t percent) { return below(100) < percent; }

  template <class T>
  const T& pick(const std::vector<T>& all) {
    return all[below(all.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace gateway
