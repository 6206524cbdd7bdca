#include <string>
#include <utility>
#include <vector>

#include "mcp/schema/alternatives.h"
#include "mcp/schema/compiler.h"
#include "mcp/schema/run.h"

namespace mcp::schema {
namespace {

class AllOfRule : public Rule {
 public:
  explicit AllOfRule(std::vector<const Node*> nodes) : nodes_(std::move(nodes)) {}

  bool check(Run& run, const Value& value, Seen* seen) const override {
    bool holds = true;
    for (const Node* node : nodes_) {
      holds = run.evaluate(*node, value, seen) && holds;
      if (!holds && !run.wants_all()) return false;
    }
    return holds;
  }

 private:
  std::vector<const Node*> nodes_;
};

/// What alternatives have in common: each is evaluated for itself.
class AlternativesRule : public Rule {
 public:
  AlternativesRule(const Value& keyword, std::vector<const Node*> nodes) : keyword_(keyword), nodes_(std::move(nodes)) {}

 protected:
  /// Evaluates one, whose marks count only when it holds. Its faults go to `failed`.
  bool holds(Run& run, const Node& node, const Value& value, Seen* seen, std::vector<std::vector<Fault>>& failed) const {
    if (seen != nullptr && !run.spend(Seen::cost(value))) return false;
    Seen own;
    std::vector<Fault> faults;
    if (!run.evaluate_apart(node, value, seen != nullptr ? &own : nullptr, faults)) {
      if (run.wants_all()) failed.push_back(std::move(faults));
      return false;
    }
    if (seen != nullptr) seen->merge(own);
    return true;
  }

  bool fail_all(Run& run, const Value& value, std::vector<std::vector<Fault>> failed) const {
    std::vector<Fault> closest;
    run.fail(value, keyword_, [&] {
      Explanation explanation = explain_no_match(value, std::move(failed));
      closest = std::move(explanation.closest);
      return std::move(explanation.message);
    });
    run.add_faults(std::move(closest));
    return false;
  }

  const Value& keyword() const { return keyword_; }
  const std::vector<const Node*>& nodes() const { return nodes_; }

 private:
  const Value& keyword_;
  std::vector<const Node*> nodes_;
};

class AnyOfRule : public AlternativesRule {
 public:
  using AlternativesRule::AlternativesRule;

  bool check(Run& run, const Value& value, Seen* seen) const override {
    std::vector<std::vector<Fault>> failed;
    bool any = false;
    for (const Node* node : nodes()) {
      any = holds(run, *node, value, seen, failed) || any;
      // All that hold have marks to give.
      if (any && seen == nullptr) return true;
      if (run.exhausted()) return false;
    }
    return any || fail_all(run, value, std::move(failed));
  }
};

class OneOfRule : public AlternativesRule {
 public:
  using AlternativesRule::AlternativesRule;

  bool check(Run& run, const Value& value, Seen* seen) const override {
    std::vector<std::vector<Fault>> failed;
    std::vector<std::size_t> matching;
    for (std::size_t i = 0; i < nodes().size(); ++i) {
      if (holds(run, *nodes()[i], value, seen, failed)) matching.push_back(i + 1);
      if (run.exhausted()) return false;
      if (matching.size() > 1 && !run.wants_all()) break;
    }
    if (matching.empty()) return fail_all(run, value, std::move(failed));
    if (matching.size() == 1) return true;
    return run.fail(value, keyword(), [&] {
      return "expected to match exactly one of " + std::to_string(nodes().size()) + " alternatives, but matches numbers " +
             std::to_string(matching[0]) + " and " + std::to_string(matching[1]);
    });
  }
};

class NotRule : public Rule {
 public:
  explicit NotRule(const Node& node) : node_(node) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (!run.probe(node_, value, nullptr)) return !run.exhausted();
    return run.fail(value, *node_.source, [&] {
      return "expected something that does not match " + shorten(*node_.source) + ", got " + shorten(value);
    });
  }

 private:
  const Node& node_;
};

class IfRule : public Rule {
 public:
  IfRule(const Node& condition, const Node* then_node, const Node* else_node)
      : condition_(condition), then_(then_node), else_(else_node) {}

  bool check(Run& run, const Value& value, Seen* seen) const override {
    if (seen != nullptr && !run.spend(Seen::cost(value))) return false;
    Seen own;
    const bool met = run.probe(condition_, value, seen != nullptr ? &own : nullptr);
    if (run.exhausted()) return false;
    if (met && seen != nullptr) seen->merge(own);
    const Node* node = met ? then_ : else_;
    return node == nullptr || run.evaluate(*node, value, seen);
  }

 private:
  const Node& condition_;
  const Node* then_;
  const Node* else_;
};

}  // namespace

void add_logic_rules(Filling& filling) {
  if (auto nodes = filling.subschemas("allOf"); !nodes.empty()) filling.add<AllOfRule>(std::move(nodes));
  if (auto nodes = filling.subschemas("anyOf"); !nodes.empty()) {
    filling.add<AnyOfRule>(*filling.keyword("anyOf", Vocabulary::applicator), std::move(nodes));
  }
  if (auto nodes = filling.subschemas("oneOf"); !nodes.empty()) {
    filling.add<OneOfRule>(*filling.keyword("oneOf", Vocabulary::applicator), std::move(nodes));
  }
  if (const Node* node = filling.subschema("not")) filling.add<NotRule>(*node);
  if (const Node* node = filling.subschema("if")) filling.add<IfRule>(*node, filling.subschema("then"), filling.subschema("else"));
}

}  // namespace mcp::schema
