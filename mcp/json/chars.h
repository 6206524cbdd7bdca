#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace mcp {

/// The innermost loops of everything that reads JSON strings. A plain byte is one that stands for itself in a JSON string and needs
/// no further look: ASCII, not a control character, not a quote and not a backslash. All functions read [p, end) only.

inline bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/// What may follow a backslash, but for "u".
inline bool is_simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    default:
      return false;
  }
}

/// A few bytes looked at together, on any CPU.
struct PortableBlock {
  static constexpr int kSize = 8;

  /// Bit i: byte i is not plain.
  static std::uint32_t marked(const char* p) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kLow = 0x7F7F7F7F7F7F7F7F;
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    const std::uint64_t ascii = word & kLow, quote = ascii ^ (kOnes * '"'), backslash = ascii ^ (kOnes * '\\');
    // The seven low bits of each byte never carry into the next one: a sum's high bit tells "at least 0x20", "not zero".
    const std::uint64_t plain = (ascii + kOnes * 0x60) & (quote + kLow) & (backslash + kLow) & ~word;
    // The multiplication gathers the eight high bits into the top byte.
    return static_cast<std::uint32_t>((((~plain & ~kLow) >> 7) * 0x0102040810204080) >> 56);
  }
};

#ifdef __SSE2__

struct SseBlock {
  static constexpr int kSize = 16;

  static std::uint32_t marked(const char* p) {
    __m128i bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    // As signed numbers, control characters and everything beyond ASCII are below the space.
    const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash))));
  }
};

using Block = SseBlock;

#else

using Block = PortableBlock;

#endif

/// The first byte that is not plain, or `end`.
template <class B = Block>
const char* skip_plain(const char* p, const char* end) {
  for (; end - p >= B::kSize; p += B::kSize) {
    const std::uint32_t marks = B::marked(p);
    if (marks != 0) return p + std::countr_zero(marks);
  }
  while (p != end && is_plain(static_cast<unsigned char>(*p)))
    ++p;
  return p;
}

/// The same, but steps over escapes of two bytes as well, and notes that there were any. Text in text is full of them, so they are
/// taken a block at a time.
template <class B = Block>
const char* skip_simple(const char* p, const char* end, bool& has_escapes) {
  while (end - p > B::kSize) {
    int next = B::kSize;
    for (std::uint32_t marks = B::marked(p); marks != 0;) {
      const int at = std::countr_zero(marks);
      if (p[at] != '\\' || !is_simple_escape(p[at + 1])) return p + at;
      has_escapes = true;
      marks &= ~(std::uint32_t{3} << at);
      if (at == B::kSize - 1) next = B::kSize + 1;
    }
    p += next;
  }
  while (p != end) {
    if (is_plain(static_cast<unsigned char>(*p))) {
      ++p;
    } else if (*p == '\\' && end - p >= 2 && is_simple_escape(p[1])) {
      has_escapes = true;
      p += 2;
    } else {
      break;
    }
  }
  return p;
}

/// How long a UTF-8 sequence beyond ASCII is that begins with this byte; 0 where none does.
inline int utf8_length(unsigned lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// Whether this byte may follow that lead: none that makes an overlong form, a surrogate or what lies beyond U+10FFFF.
inline bool may_follow(unsigned lead, unsigned second) {
  unsigned lowest = 0x80, highest = 0xBF;
  if (lead == 0xE0) lowest = 0xA0;
  if (lead == 0xED) highest = 0x9F;
  if (lead == 0xF0) lowest = 0x90;
  if (lead == 0xF4) highest = 0x8F;
  return second >= lowest && second <= highest;
}

/// The length (2 to 4) of the well-formed UTF-8 sequence beyond ASCII that starts at `p`, or 0: Unicode 15, table 3-7.
inline int utf8_sequence(const char* p, const char* end) {
  const auto byte = [&](int i) -> unsigned { return p + i < end ? static_cast<unsigned char>(p[i]) : 0U; };
  const int length = utf8_length(byte(0));
  if (length == 0 || !may_follow(byte(0), byte(1))) return 0;
  for (int i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

/// The value of four hexadecimal digits at `p`, or -1.
inline int hex4(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int value = 0;
  for (const char* digit = p; digit != p + 4; ++digit) {
    const char c = *digit;
    if (c >= '0' && c <= '9') {
      value = value * 16 + (c - '0');
    } else if (const char lower = static_cast<char>(c | 0x20); lower >= 'a' && lower <= 'f') {
      value = value * 16 + (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

}  // namespace mcp
