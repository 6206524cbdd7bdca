#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "mcp/schema/container_rules.h"
#include "mcp/schema/run.h"

namespace mcp::schema {
namespace {

class RequiredRule : public Rule {
 public:
  explicit RequiredRule(const Value& keyword) : Rule(kObjects), keyword_(keyword) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    bool holds = true;
    for (const Value& name : keyword_.items) {
      if (!run.spend(search_cost(name.text.size()))) return false;
      if (value.find(name.text) != nullptr) continue;
      holds = run.fail(value, keyword_, [&] { return "the required member " + quote(name.text) + " is missing"; });
      if (!run.wants_all()) return false;
    }
    return holds;
  }

 private:
  const Value& keyword_;
};

struct PatternMembers {
  std::shared_ptr<const Pattern> pattern;
  const Node* node;
};

struct Members {
  std::vector<std::pair<std::string_view, const Node*>> named;  // sorted
  std::vector<PatternMembers> matching;
  bool has_unchecked_pattern = false;
  const Node* others = nullptr;
};

/// properties, patternProperties and additionalProperties: each member looks for its schemas.
class MembersRule : public Rule {
 public:
  explicit MembersRule(Members members) : Rule(kObjects), members_(std::move(members)) {}

  bool check(Run& run, const Value& value, Seen* seen) const override {
    bool holds = true;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const Value& member = value.items[i];
      bool is_known = members_.has_unchecked_pattern;
      holds = check_known(run, member, is_known) && holds;
      if (!is_known && members_.others != nullptr) {
        holds = check_other(run, member) && holds;
        is_known = true;
      }
      if (!holds && !run.wants_all()) return false;
      if (is_known && seen != nullptr) seen->mark(i, value.items.size());
    }
    return holds;
  }

 private:
  bool check_known(Run& run, const Value& member, bool& is_known) const {
    if (!run.spend(search_cost(member.key.size()))) return false;
    bool holds = true;
    const auto named = std::ranges::lower_bound(members_.named, member.key, {}, &std::pair<std::string_view, const Node*>::first);
    if (named != members_.named.end() && named->first == member.key) {
      is_known = true;
      holds = run.evaluate(*named->second, member, nullptr);
    }
    for (const auto& [pattern, node] : members_.matching) {
      if (!run.spend(pattern->cost(member.key.size()))) return false;
      if (!pattern->matches(member.key)) continue;
      is_known = true;
      holds = run.evaluate(*node, member, nullptr) && holds;
    }
    return holds;
  }

  bool check_other(Run& run, const Value& member) const {
    if (!members_.others->allows_nothing) return run.evaluate(*members_.others, member, nullptr);
    return run.fail(
        member, *members_.others->source, [&] { return "the member " + quote(member.key) + " is not allowed" + known_names(); });
  }

  std::string known_names() const {
    constexpr std::size_t kMostShown = 300;
    if (members_.named.empty()) return "";
    std::string names;
    for (const auto& [name, node] : members_.named) {
      if (names.size() > kMostShown) return "; known are " + names + ", …";
      names += (names.empty() ? "" : ", ") + quote(name);
    }
    return "; known are " + names;
  }

  Members members_;
};

class NamesRule : public Rule {
 public:
  explicit NamesRule(const Node& node) : Rule(kObjects), node_(node) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    bool holds = true;
    for (const Value& member : value.items) {
      holds = check_name(run, member) && holds;
      if (!holds && !run.wants_all()) return false;
    }
    return holds;
  }

 private:
  bool check_name(Run& run, const Value& member) const {
    const Value name{.kind = Value::Kind::string, .text = member.key};
    std::vector<Fault> found;
    const bool holds = run.evaluate_apart(node_, name, nullptr, found);
    for (Fault& fault : found) {
      fault.at = &member;
      fault.message = "the name of this member is not allowed: " + fault.message;
    }
    run.add_faults(std::move(found));
    return holds;
  }

  const Node& node_;
};

const Value* map_of_schemas(Filling& filling, std::string_view name) {
  return filling.keyword(name, Vocabulary::applicator, Value::Kind::object);
}

void add_members_rule(Filling& filling) {
  Members members;
  if (const Value* named = map_of_schemas(filling, "properties")) {
    for (const Value& property : named->items)
      members.named.emplace_back(property.key, &filling.compiler().node(property));
  }
  if (const Value* matching = map_of_schemas(filling, "patternProperties")) {
    for (const Value& property : matching->items) {
      auto pattern = filling.compiler().pattern(property.key, property);
      if (pattern == nullptr) members.has_unchecked_pattern = true;
      if (pattern != nullptr) members.matching.push_back({std::move(pattern), &filling.compiler().node(property)});
    }
  }
  members.others = filling.subschema("additionalProperties");
  if (!members.named.empty() || !members.matching.empty() || members.has_unchecked_pattern || members.others != nullptr) {
    filling.add<MembersRule>(std::move(members));
  }
}

}  // namespace

std::string quote(std::string_view text) {
  const Value value{.kind = Value::Kind::string, .text = text};
  return shorten(value);
}

void add_object_rules(Filling& filling) {
  const Value* required = filling.keyword("required", Vocabulary::validation, Value::Kind::array);
  if (required != nullptr) required = filling.list_of_strings(*required);
  if (required != nullptr && !required->items.empty()) filling.add<RequiredRule>(*required);
  add_size_rule(filling, "minProperties", kObjects, "members");
  add_size_rule(filling, "maxProperties", kObjects, "members");
  add_members_rule(filling);
  if (const Node* names = filling.subschema("propertyNames")) filling.add<NamesRule>(*names);
}

}  // namespace mcp::schema
