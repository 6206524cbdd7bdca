#include "mcp/schema/compiler.h"
#include "mcp/schema/run.h"

namespace mcp::schema {
namespace {

class ReferenceRule : public Rule {
 public:
  explicit ReferenceRule(const Node& target) : target_(target) {}

  bool check(Run& run, const Value& value, Seen* seen) const override { return run.evaluate(target_, value, seen); }

 private:
  const Node& target_;
};

/// Leads to the anchor of its name in the outermost resource entered that has one.
class DynamicReferenceRule : public Rule {
 public:
  DynamicReferenceRule(const Node& fallback, const DynamicTargets& targets) : fallback_(fallback), targets_(targets) {}

  bool check(Run& run, const Value& value, Seen* seen) const override {
    const Node* target = &fallback_;
    for (const Scope* scope = run.scope(); scope != nullptr; scope = scope->outer) {
      if (!run.spend(1)) return false;
      if (const auto found = targets_.find(scope->resource); found != targets_.end()) target = found->second;
    }
    return run.evaluate(*target, value, seen);
  }

 private:
  const Node& fallback_;
  const DynamicTargets& targets_;
};

void add_reference(Filling& filling, std::string_view keyword, bool is_dynamic) {
  const Value* reference = filling.keyword(keyword, Vocabulary::core, Value::Kind::string);
  if (reference == nullptr) return;
  auto target = filling.compiler().library().resolve(filling.resource(), reference->text);
  if (!target) {
    target.error().message += " (at " + filling.compiler().library().location(*reference) + ")";
    return filling.compiler().refuse(std::move(target.error()));
  }
  const Node& node = filling.compiler().node(*target);
  const bool is_recursive = keyword == "$recursiveRef";
  const bool has_anchor = is_recursive ? target->resource->dynamic_anchors.contains("") : !target->dynamic_anchor.empty();
  if (is_dynamic && has_anchor) {
    filling.add<DynamicReferenceRule>(node, filling.compiler().dynamic_targets(is_recursive ? "" : target->dynamic_anchor));
  } else {
    filling.add<ReferenceRule>(node);
  }
}

}  // namespace

void add_reference_rules(Filling& filling) {
  add_reference(filling, "$ref", false);
  if (filling.draft() == Draft::draft2020) add_reference(filling, "$dynamicRef", true);
  if (filling.draft() == Draft::draft2019) add_reference(filling, "$recursiveRef", true);
}

}  // namespace mcp::schema
