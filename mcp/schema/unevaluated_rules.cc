#include <string>

#include "mcp/schema/container_rules.h"
#include "mcp/schema/run.h"

namespace mcp::schema {
namespace {

/// unevaluatedItems and unevaluatedProperties: what no other keyword has looked at.
class UnseenRule : public Rule {
 public:
  UnseenRule(Kinds applies_to, const Node& node) : Rule(applies_to), node_(node) {}

  bool check(Run& run, const Value& value, Seen* seen) const override {
    bool holds = true;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      if (!run.spend(1)) return false;
      if (!seen->has(i)) holds = check_child(run, value.items[i]) && holds;
      if (!holds && !run.wants_all()) return false;
    }
    seen->mark_all();
    return holds;
  }

 private:
  bool check_child(Run& run, const Value& child) const {
    if (!node_.allows_nothing) return run.evaluate(node_, child, nullptr);
    return run.fail(child, *node_.source, [&] {
      if (child.parent->is(Value::Kind::object)) return "the member " + quote(child.key) + " is not allowed";
      return "no element is allowed at position " + std::to_string(child.index()) + ", got " + shorten(child);
    });
  }

  const Node& node_;
};

void add(Filling& filling, std::string_view name, Kinds applies_to) {
  const Node* node = filling.subschema(name, Vocabulary::unevaluated);
  if (node != nullptr) filling.add_last<UnseenRule>(applies_to, *node);
}

}  // namespace

void add_unevaluated_rules(Filling& filling) {
  if (filling.draft() == Draft::draft7) return;
  add(filling, "unevaluatedItems", kArrays);
  add(filling, "unevaluatedProperties", kObjects);
}

}  // namespace mcp::schema
