#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "mcp/schema/container_rules.h"
#include "mcp/schema/run.h"

namespace mcp::schema {
namespace {

class SizeRule : public Rule {
 public:
  SizeRule(Kinds applies_to, const Value& keyword, std::uint64_t bound, std::string_view what)
      : Rule(applies_to), keyword_(keyword), bound_(bound), what_(what), is_minimum_(keyword.key.starts_with("min")) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    const std::size_t size = value.items.size();
    if (is_minimum_ ? size >= bound_ : size <= bound_) return true;
    return run.fail(value, keyword_, [&] {
      return std::string(is_minimum_ ? "expected at least " : "expected at most ") + shorten(keyword_) + " " + std::string(what_) +
             ", got " + std::to_string(size);
    });
  }

 private:
  const Value& keyword_;
  std::uint64_t bound_;
  std::string_view what_;
  bool is_minimum_;
};

/// The first elements each have a schema of their own, all others share one, if there is one.
class ItemsRule : public Rule {
 public:
  ItemsRule(std::vector<const Node*> first, const Node* rest) : Rule(kArrays), first_(std::move(first)), rest_(rest) {}

  bool check(Run& run, const Value& value, Seen* seen) const override {
    const std::size_t count = value.items.size(), reach = rest_ != nullptr ? count : std::min(count, first_.size());
    bool holds = true;
    for (std::size_t i = 0; i < reach; ++i) {
      holds = check_element(run, value, i) && holds;
      if (!holds && !run.wants_all()) return false;
    }
    if (seen != nullptr && rest_ != nullptr) {
      seen->mark_all();
    } else if (seen != nullptr) {
      seen->mark_first(reach, count);
    }
    return holds;
  }

 private:
  bool check_element(Run& run, const Value& value, std::size_t i) const {
    const Value& element = value.items[i];
    if (i < first_.size()) return run.evaluate(*first_[i], element, nullptr);
    if (!rest_->allows_nothing) return run.evaluate(*rest_, element, nullptr);
    return run.fail(element, *rest_->source, [&] {
      return "expected at most " + std::to_string(first_.size()) + " elements, got " + std::to_string(value.items.size());
    });
  }

  std::vector<const Node*> first_;
  const Node* rest_;
};

class UniqueRule : public Rule {
 public:
  explicit UniqueRule(const Value& keyword) : Rule(kArrays), keyword_(keyword) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    std::vector<std::pair<std::size_t, const Value*>> hashed;
    hashed.reserve(value.items.size());
    for (const Value& item : value.items) {
      if (!run.spend(4)) return false;
      hashed.emplace_back(run.hash(item), &item);
    }
    std::ranges::sort(hashed);
    // Values with one hash stand together; mostly they are equal.
    for (std::size_t i = 0; i < hashed.size(); ++i) {
      for (std::size_t k = i + 1; k < hashed.size() && hashed[k].first == hashed[i].first; ++k) {
        if (!run.spend(1)) return false;
        if (run.equal(*hashed[i].second, *hashed[k].second)) return fail(run, *hashed[i].second, *hashed[k].second);
      }
    }
    return true;
  }

 private:
  bool fail(Run& run, const Value& first, const Value& again) const {
    return run.fail(*first.parent, keyword_, [&] {
      return "expected no two equal elements, but elements " + std::to_string(first.index()) + " and " +
             std::to_string(again.index()) + " are both " + shorten(first);
    });
  }

  const Value& keyword_;
};

struct ContainsBounds {
  std::uint64_t least = 1, most = UINT64_MAX;
  const Value* least_keyword = nullptr;
  const Value* most_keyword = nullptr;
};

class ContainsRule : public Rule {
 public:
  ContainsRule(const Node& node, ContainsBounds bounds, bool marks) : Rule(kArrays), node_(node), bounds_(bounds), marks_(marks) {}

  bool check(Run& run, const Value& value, Seen* seen) const override {
    std::uint64_t found = 0;
    const bool wants_each = seen != nullptr && marks_;
    for (std::size_t i = 0; i < value.items.size() && !run.exhausted(); ++i) {
      if (!run.probe(node_, value.items[i], nullptr)) continue;
      ++found;
      if (wants_each) seen->mark(i, value.items.size());
      if (!wants_each && found >= bounds_.least && bounds_.most == UINT64_MAX) return true;
    }
    if (found < bounds_.least) return fail(run, value, bounds_.least_keyword, "at least " + std::to_string(bounds_.least), found);
    if (found > bounds_.most) return fail(run, value, bounds_.most_keyword, "at most " + std::to_string(bounds_.most), found);
    return true;
  }

 private:
  bool fail(Run& run, const Value& value, const Value* keyword, const std::string& expected, std::uint64_t found) const {
    return run.fail(value, keyword != nullptr ? *keyword : *node_.source, [&] {
      return "expected " + expected + " of its elements to match " + shorten(*node_.source) + ", got " + std::to_string(found);
    });
  }

  const Node& node_;
  ContainsBounds bounds_;
  bool marks_;
};

void add_contains_rule(Filling& filling) {
  const Node* node = filling.subschema("contains");
  if (node == nullptr) return;
  ContainsBounds bounds;
  if (filling.draft() != Draft::draft7) {
    if (const auto least = filling.size("minContains")) {
      bounds.least = *least;
      bounds.least_keyword = filling.number("minContains");
    }
    if (const auto most = filling.size("maxContains")) {
      bounds.most = *most;
      bounds.most_keyword = filling.number("maxContains");
    }
  }
  filling.add<ContainsRule>(*node, bounds, filling.draft() == Draft::draft2020);
}

void add_items_rule(Filling& filling) {
  const bool is_newest = filling.draft() == Draft::draft2020;
  const Value* items = filling.keyword("items", Vocabulary::applicator);
  std::vector<const Node*> first;
  const Node* rest = nullptr;
  if (is_newest) {
    first = filling.subschemas("prefixItems");
    if (items != nullptr && items->is(Value::Kind::array)) {
      return filling.compiler().refuse(*items,
                                       "a list of schemas is draft-07's form of \"items\"; in 2020-12 it is \"prefixItems\"");
    }
    rest = filling.subschema("items");
  } else if (items != nullptr && items->is(Value::Kind::array)) {
    for (const Value& item : items->items)
      first.push_back(&filling.compiler().node(item));
    rest = filling.subschema("additionalItems");
  } else {
    rest = filling.subschema("items");
  }
  if (!first.empty() || rest != nullptr) filling.add<ItemsRule>(std::move(first), rest);
}

}  // namespace

void add_size_rule(Filling& filling, std::string_view name, Kinds applies_to, std::string_view what) {
  if (const auto bound = filling.size(name)) filling.add<SizeRule>(applies_to, *filling.number(name), *bound, what);
}

void add_array_rules(Filling& filling) {
  add_size_rule(filling, "minItems", kArrays, "elements");
  add_size_rule(filling, "maxItems", kArrays, "elements");
  add_items_rule(filling);
  add_contains_rule(filling);
  const Value* unique = filling.keyword("uniqueItems", Vocabulary::validation, Value::Kind::boolean);
  if (unique != nullptr && unique->truth) filling.add<UniqueRule>(*unique);
}

}  // namespace mcp::schema
