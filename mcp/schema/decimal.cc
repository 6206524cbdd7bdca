#include "mcp/schema/decimal.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace mcp::schema {
namespace {

constexpr std::int64_t kMostExponent = 1'000'000'000'000'000;

__extension__ using Wide = unsigned __int128;

std::int64_t read_exponent(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error == std::errc::result_out_of_range) return text.starts_with('-') ? -kMostExponent : kMostExponent;
  return std::clamp(exponent, -kMostExponent, kMostExponent);
}

/// left * right modulo `modulus`, which is above both and below 2^127.
Wide multiply(Wide left, Wide right, Wide modulus) {
  constexpr Wide kSmall = Wide{1} << 63;
  if (left < kSmall && right < kSmall) return left * right % modulus;
  const auto reduced = [modulus](Wide sum) { return sum >= modulus ? sum - modulus : sum; };
  Wide product = 0;
  for (; right != 0; right >>= 1) {
    if ((right & 1) != 0) product = reduced(product + left);
    left = reduced(left << 1);
  }
  return product;
}

Wide power_of_ten(std::int64_t exponent, Wide modulus) {
  Wide power = 1 % modulus;
  for (Wide base = 10 % modulus; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = multiply(power, base, modulus);
    base = multiply(base, base, modulus);
  }
  return power;
}

/// The digits as a number modulo `modulus`, or as they are where that is 0. Both below 10^36, so ten times one still fits.
Wide read_digits(std::string_view digits, Wide modulus) {
  Wide value = 0;
  for (const char c : digits) {
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (modulus != 0) value %= modulus;
  }
  return value;
}

}  // namespace

Decimal::Decimal(std::string_view text) {
  negative_ = text.starts_with('-');
  if (negative_) text.remove_prefix(1);
  // Twice a fast search rather than once a slow one.
  const std::size_t mark = std::min(text.find('e'), text.find('E'));
  if (mark != std::string_view::npos) {
    exponent_ = read_exponent(text.substr(mark + 1));
    text = text.substr(0, mark);
  }
  const std::size_t point = text.find('.');
  digits_ = text.substr(0, point);
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    digits_ += fraction;
    exponent_ -= static_cast<std::int64_t>(fraction.size());
  }
  const std::size_t last = digits_.find_last_not_of('0');
  if (last == std::string::npos) {
    *this = Decimal();
    return;
  }
  exponent_ += static_cast<std::int64_t>(digits_.size() - 1 - last);
  digits_.resize(last + 1);
  digits_.erase(0, digits_.find_first_not_of('0'));
}

std::optional<std::uint64_t> Decimal::to_size() const {
  if (digits_.empty()) return 0;
  if (negative_ || exponent_ < 0 || exponent_ > 18 || static_cast<std::int64_t>(digits_.size()) + exponent_ > 19)
    return std::nullopt;
  const std::string written = digits_ + std::string(static_cast<std::size_t>(exponent_), '0');
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), value);
  if (error != std::errc()) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::size_t Decimal::multiple_cost(const Decimal& divisor) const {
  constexpr std::size_t kSmallDivisor = 18;  // digits below 2^63
  const std::int64_t zeros = std::max<std::int64_t>(exponent_ - divisor.exponent_, 0);
  const auto rounds = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(zeros)));
  return 20 + digits_.size() + rounds * (divisor.digits_.size() > kSmallDivisor ? 50 : 5);
}

bool Decimal::is_multiple_of(const Decimal& divisor) const {
  if (digits_.empty()) return true;
  // Were it smaller, the digits here would have to end in a zero.
  if (exponent_ < divisor.exponent_) return false;
  const Wide modulus = read_digits(divisor.digits_, 0);
  if (modulus == 0) return false;
  const Wide rest = read_digits(digits_, modulus);
  return multiply(rest, power_of_ten(exponent_ - divisor.exponent_, modulus), modulus) == 0;
}

std::string Decimal::canonical() const {
  if (digits_.empty()) return "0";
  return (negative_ ? "-" : "") + digits_ + "e" + std::to_string(exponent_);
}

std::strong_ordering Decimal::compare_magnitudes(const Decimal& left, const Decimal& right) {
  if (left.digits_.empty() || right.digits_.empty()) return !left.digits_.empty() <=> !right.digits_.empty();
  const std::int64_t left_top = static_cast<std::int64_t>(left.digits_.size()) + left.exponent_;
  const std::int64_t right_top = static_cast<std::int64_t>(right.digits_.size()) + right.exponent_;
  if (left_top != right_top) return left_top <=> right_top;
  // The digits stand at the same places; a prefix is smaller, for the longer one has more that is not zero.
  return left.digits_ <=> right.digits_;
}

std::strong_ordering operator<=>(const Decimal& left, const Decimal& right) {
  if (left.negative_ != right.negative_) return left.negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  return left.negative_ ? Decimal::compare_magnitudes(right, left) : Decimal::compare_magnitudes(left, right);
}

}  // namespace mcp::schema
