#include "mcp/base/random.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <openssl/rand.h>
#include <vector>

namespace mcp {

std::string random_hex(std::size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::vector<unsigned char> raw(bytes);
  if (RAND_bytes(raw.data(), static_cast<int>(raw.size())) != 1) std::abort();
  std::string text;
  text.reserve(bytes * 2);
  for (const unsigned char byte : raw) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::uint32_t random_number() {
  std::array<unsigned char, sizeof(std::uint32_t)> raw{};
  if (RAND_bytes(raw.data(), static_cast<int>(raw.size())) != 1) std::abort();
  return std::bit_cast<std::uint32_t>(raw);
}

}  // namespace mcp
