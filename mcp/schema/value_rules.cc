#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mcp/schema/compiler.h"
#include "mcp/schema/decimal.h"
#include "mcp/schema/run.h"

namespace mcp::schema {
namespace {

class TypeRule : public Rule {
 public:
  TypeRule(const Value& keyword, Kinds allowed, bool integers) : keyword_(keyword), allowed_(allowed), integers_(integers) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (((allowed_ >> static_cast<unsigned>(value.kind)) & 1U) != 0) return true;
    if (integers_ && value.is(Value::Kind::number)) {
      if (!run.spend(Decimal::cost(value.text))) return false;
      if (Decimal(value.text).is_integer()) return true;
    }
    return run.fail(value, keyword_, [&] { return "expected " + expected() + ", got " + what(value); });
  }

 private:
  std::string expected() const {
    if (keyword_.is(Value::Kind::string)) return std::string(keyword_.text);
    std::string names;
    for (const Value& name : keyword_.items) {
      if (!names.empty()) names += " or ";
      names += name.text;
    }
    return names;
  }

  static std::string what(const Value& value) {
    if (value.is(Value::Kind::null)) return "null";
    return std::string(to_string(value.kind)) + " " + shorten(value);
  }

  const Value& keyword_;
  Kinds allowed_;
  bool integers_;
};

class ConstRule : public Rule {
 public:
  explicit ConstRule(const Value& keyword) : keyword_(keyword) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (run.equal(value, keyword_)) return true;
    return run.fail(value, keyword_, [&] { return "expected " + shorten(keyword_) + ", got " + shorten(value); });
  }

 private:
  const Value& keyword_;
};

class EnumRule : public Rule {
 public:
  explicit EnumRule(const Value& keyword) : keyword_(keyword) {
    if (keyword.items.size() <= kFew) return;
    Run unbounded(SIZE_MAX);
    by_hash_.reserve(keyword.items.size());
    for (const Value& item : keyword.items)
      by_hash_.emplace_back(unbounded.hash(item), &item);
    std::ranges::sort(by_hash_);
  }

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (is_listed(run, value)) return true;
    return run.fail(value, keyword_, [&] { return "expected one of " + listed() + ", got " + shorten(value); });
  }

 private:
  using Hashed = std::pair<std::size_t, const Value*>;

  static constexpr std::size_t kFew = 8, kMostShown = 400;

  bool is_listed(Run& run, const Value& value) const {
    const auto is_equal = [&](const Value& item) { return run.equal(value, item); };
    if (by_hash_.empty()) return std::ranges::any_of(keyword_.items, is_equal);
    const auto found = std::ranges::equal_range(by_hash_, run.hash(value), {}, &Hashed::first);
    return std::ranges::any_of(found, [&](const Hashed& entry) { return is_equal(*entry.second); });
  }

  std::string listed() const {
    const std::string list = shorten(keyword_, kMostShown);
    return list.ends_with(']') ? list.substr(1, list.size() - 2) : list.substr(1);
  }

  const Value& keyword_;
  std::vector<Hashed> by_hash_;  // sorted: whoever makes the values may choose their hashes
};

struct Types {
  Kinds kinds = 0;
  bool integers = false;
};

bool add_type(Types& types, const Value& name) {
  if (!name.is(Value::Kind::string)) return false;
  if (name.text == "integer") {
    types.integers = true;
    return true;
  }
  for (unsigned kind = 0; kind < 6; ++kind) {
    if (name.text != to_string(static_cast<Value::Kind>(kind))) continue;
    types.kinds |= 1U << kind;
    return true;
  }
  return false;
}

void add_type_rule(Filling& filling) {
  const Value* keyword = filling.keyword("type", Vocabulary::validation);
  if (keyword == nullptr) return;
  Types types;
  const bool is_list = keyword->is(Value::Kind::array);
  const bool valid = is_list ? std::ranges::all_of(keyword->items, [&](const Value& name) { return add_type(types, name); })
                             : add_type(types, *keyword);
  if (!valid)
    return filling.compiler().refuse(*keyword, "expected the name of a type or a list of such names, got " + shorten(*keyword));
  filling.add<TypeRule>(*keyword, types.kinds, types.integers);
}

}  // namespace

void add_value_rules(Filling& filling) {
  add_type_rule(filling);
  if (const Value* keyword = filling.keyword("const", Vocabulary::validation)) filling.add<ConstRule>(*keyword);
  if (const Value* keyword = filling.keyword("enum", Vocabulary::validation, Value::Kind::array)) filling.add<EnumRule>(*keyword);
}

}  // namespace mcp::schema
