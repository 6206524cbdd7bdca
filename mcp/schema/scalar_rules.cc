#include <string>
#include <utility>

#include "mcp/schema/compiler.h"
#include "mcp/schema/decimal.h"
#include "mcp/schema/run.h"

namespace mcp::schema {
namespace {

constexpr Kinds kNumbers = kinds({Value::Kind::number}), kStrings = kinds({Value::Kind::string});

class BoundRule : public Rule {
 public:
  using Holds = bool (*)(std::strong_ordering);

  BoundRule(const Value& keyword, std::string_view expected, Holds holds)
      : Rule(kNumbers), keyword_(keyword), bound_(keyword.text), expected_(expected), holds_(holds) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (!run.spend(Decimal::cost(value.text))) return false;
    if (holds_(Decimal(value.text) <=> bound_)) return true;
    return run.fail(value, keyword_, [&] {
      return "expected a number " + std::string(expected_) + " " + shorten(keyword_) + ", got " + shorten(value);
    });
  }

 private:
  const Value& keyword_;
  Decimal bound_;
  std::string_view expected_;
  Holds holds_;
};

class MultipleRule : public Rule {
 public:
  MultipleRule(const Value& keyword, Decimal divisor) : Rule(kNumbers), keyword_(keyword), divisor_(std::move(divisor)) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (!run.spend(Decimal::cost(value.text))) return false;
    const Decimal number(value.text);
    if (!run.spend(number.multiple_cost(divisor_))) return false;
    if (number.is_multiple_of(divisor_)) return true;
    return run.fail(value, keyword_, [&] { return "expected a multiple of " + shorten(keyword_) + ", got " + shorten(value); });
  }

 private:
  const Value& keyword_;
  Decimal divisor_;
};

class LengthRule : public Rule {
 public:
  LengthRule(const Value& keyword, std::uint64_t bound, bool is_minimum)
      : Rule(kStrings), keyword_(keyword), bound_(bound), is_minimum_(is_minimum) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (!run.spend(value.text.size() / 32)) return false;
    const std::size_t length = count_code_points(value.text);
    if (is_minimum_ ? length >= bound_ : length <= bound_) return true;
    return run.fail(value, keyword_, [&] {
      return std::string(is_minimum_ ? "expected at least " : "expected at most ") + shorten(keyword_) + " characters, got " +
             std::to_string(length) + ": " + shorten(value);
    });
  }

 private:
  const Value& keyword_;
  std::uint64_t bound_;
  bool is_minimum_;
};

class PatternRule : public Rule {
 public:
  PatternRule(const Value& keyword, std::shared_ptr<const Pattern> pattern)
      : Rule(kStrings), keyword_(keyword), pattern_(std::move(pattern)) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (!run.spend(pattern_->cost(value.text.size()))) return false;
    if (pattern_->matches(value.text)) return true;
    return run.fail(value, keyword_, [&] {
      return "expected a string that matches the pattern " + shorten(keyword_, 200) + ", got " + shorten(value);
    });
  }

 private:
  const Value& keyword_;
  std::shared_ptr<const Pattern> pattern_;
};

void add_bound(Filling& filling, std::string_view name, std::string_view expected, BoundRule::Holds holds) {
  if (const Value* keyword = filling.number(name)) filling.add<BoundRule>(*keyword, expected, holds);
}

}  // namespace

void add_number_rules(Filling& filling) {
  add_bound(filling, "minimum", "not below", [](std::strong_ordering order) { return order >= 0; });
  add_bound(filling, "maximum", "not above", [](std::strong_ordering order) { return order <= 0; });
  add_bound(filling, "exclusiveMinimum", "above", [](std::strong_ordering order) { return order > 0; });
  add_bound(filling, "exclusiveMaximum", "below", [](std::strong_ordering order) { return order < 0; });
  const Value* keyword = filling.number("multipleOf");
  if (keyword == nullptr) return;
  Decimal divisor(keyword->text);
  if (divisor.is_zero() || divisor.is_negative()) {
    return filling.compiler().refuse(*keyword, "expected a number above zero, got " + shorten(*keyword));
  }
  if (!divisor.is_divisor()) {
    return filling.compiler().refuse_size(*keyword,
                                          "the number has more than " + std::to_string(Decimal::kMostDivisorDigits) + " digits");
  }
  filling.add<MultipleRule>(*keyword, std::move(divisor));
}

void add_string_rules(Filling& filling) {
  for (const std::string_view name : {"minLength", "maxLength"}) {
    if (const auto bound = filling.size(name)) {
      filling.add<LengthRule>(*filling.number(name), *bound, name == "minLength");
    }
  }
  const Value* keyword = filling.keyword("pattern", Vocabulary::validation, Value::Kind::string);
  if (keyword == nullptr) return;
  if (auto pattern = filling.compiler().pattern(keyword->text, *keyword)) filling.add<PatternRule>(*keyword, std::move(pattern));
}

}  // namespace mcp::schema
