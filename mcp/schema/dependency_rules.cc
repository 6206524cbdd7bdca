#include <string>

#include "mcp/schema/container_rules.h"
#include "mcp/schema/run.h"

namespace mcp::schema {
namespace {

/// With one member, others have to be there too.
class DependentRequiredRule : public Rule {
 public:
  /// `names`: the list, whose key is the member it is about.
  explicit DependentRequiredRule(const Value& names) : Rule(kObjects), names_(names) {}

  bool check(Run& run, const Value& value, Seen* /*seen*/) const override {
    if (!run.spend(search_cost(names_.key.size()))) return false;
    if (value.find(names_.key) == nullptr) return true;
    bool holds = true;
    for (const Value& name : names_.items) {
      if (!run.spend(search_cost(name.text.size()))) return false;
      if (value.find(name.text) != nullptr) continue;
      holds = run.fail(value, names_, [&] {
        return "the member " + quote(name.text) + " is missing, which is required beside " + quote(names_.key);
      });
      if (!run.wants_all()) return false;
    }
    return holds;
  }

 private:
  const Value& names_;
};

/// With one member, the whole has another schema too.
class DependentSchemaRule : public Rule {
 public:
  DependentSchemaRule(std::string_view name, const Node& node) : Rule(kObjects), name_(name), node_(node) {}

  bool check(Run& run, const Value& value, Seen* seen) const override {
    if (!run.spend(search_cost(name_.size()))) return false;
    return value.find(name_) == nullptr || run.evaluate(node_, value, seen);
  }

 private:
  std::string_view name_;
  const Node& node_;
};

void add_dependent_required(Filling& filling, const Value& names) {
  if (!names.is(Value::Kind::array)) return filling.compiler().refuse(names, "expected a list of names, got " + shorten(names));
  if (filling.list_of_strings(names) != nullptr) filling.add<DependentRequiredRule>(names);
}

void add_dependent_schema(Filling& filling, const Value& schema) {
  filling.add<DependentSchemaRule>(schema.key, filling.compiler().node(schema));
}

}  // namespace

void add_dependency_rules(Filling& filling) {
  // Draft-07's keyword, which later drafts keep for old schemas.
  if (const Value* both = filling.keyword("dependencies", Vocabulary::applicator, Value::Kind::object)) {
    for (const Value& entry : both->items) {
      if (entry.is(Value::Kind::array)) {
        add_dependent_required(filling, entry);
      } else {
        add_dependent_schema(filling, entry);
      }
    }
  }
  if (filling.draft() == Draft::draft7) return;
  if (const Value* required = filling.keyword("dependentRequired", Vocabulary::validation, Value::Kind::object)) {
    for (const Value& entry : required->items)
      add_dependent_required(filling, entry);
  }
  if (const Value* schemas = filling.keyword("dependentSchemas", Vocabulary::applicator, Value::Kind::object)) {
    for (const Value& entry : schemas->items)
      add_dependent_schema(filling, entry);
  }
}

}  // namespace mcp::schema
