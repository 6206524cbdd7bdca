#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mcp::schema {

/// A number as JSON writes it, exactly: digits times a power of ten. Equal numbers are alike however they were written: 1, 1.0 and
/// 10e-1.
class Decimal {
 public:
  /// Most significant digits a divisor may have.
  static constexpr std::size_t kMostDivisorDigits = 36;

  Decimal() = default;

  /// What reading such a text costs, in the steps of a Budget.
  static std::size_t cost(std::string_view text) { return text.size() / 32; }

  /// Reads a number that follows JSON's grammar. Exponents beyond ±10^15 are taken for that; no two such numbers are told apart.
  explicit Decimal(std::string_view text);

  bool is_integer() const { return digits_.empty() || exponent_ >= 0; }
  bool is_zero() const { return digits_.empty(); }
  bool is_negative() const { return negative_; }

  /// The value where it is an integer from 0 to 2^63-1.
  std::optional<std::uint64_t> to_size() const;

  /// May be divided by: greater than zero, with not too many digits.
  bool is_divisor() const { return !negative_ && !digits_.empty() && digits_.size() <= kMostDivisorDigits; }

  /// What is_multiple_of() costs, in the steps of a Budget.
  std::size_t multiple_cost(const Decimal& divisor) const;

  /// `divisor` goes into this number without a rest. `divisor.is_divisor()`.
  bool is_multiple_of(const Decimal& divisor) const;

  /// One spelling for each value.
  std::string canonical() const;

  friend bool operator==(const Decimal&, const Decimal&) = default;
  friend std::strong_ordering operator<=>(const Decimal& left, const Decimal& right);

 private:
  static std::strong_ordering compare_magnitudes(const Decimal& left, const Decimal& right);

  bool negative_ = false;
  std::string digits_;         // without zeros at either end; empty for zero
  std::int64_t exponent_ = 0;  // of ten, for digits_ read as an integer
};

}  // namespace mcp::schema
