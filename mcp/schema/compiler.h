#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mcp/schema/decimal.h"
#include "mcp/schema/library.h"
#include "mcp/schema/node.h"
#include "mcp/schema/pattern.h"

namespace mcp::schema {

/// The nodes that bear a dynamic anchor of one name, by their resources.
using DynamicTargets = std::unordered_map<const Resource*, const Node*>;

/// Makes nodes of subschemas. A node that is asked for exists at once and is filled later, so that references may go in circles and
/// nothing recurses over the schema. The first thing that is wrong ends it.
class Compiler {
 public:
  Compiler(Library& library, const SchemaLimits& limits) : library_(library), limits_(limits) {}

  /// The node of the whole schema. Errors: invalid_params, naming the place.
  Result<const Node*> run(const Target& root);

  /// For who fills a node.
  const Node& node(const Value& subschema);
  const Node& node(const Target& target);
  Library& library() { return library_; }

  /// What a "$dynamicRef" to that name chooses from; complete when run() has ended.
  const DynamicTargets& dynamic_targets(const std::string& name);

  /// The compiled pattern, or null where it is not checked, which is noted.
  std::shared_ptr<const Pattern> pattern(std::string_view text, const Value& where);

  /// The first error is kept.
  void refuse(const Value& where, const std::string& problem);
  /// It may be a schema, but goes over a limit.
  void refuse_size(const Value& where, const std::string& problem);
  void refuse(Error error);

  /// What the rules point into.
  std::deque<Node> take_nodes() { return std::move(nodes_); }
  std::map<std::string, DynamicTargets> take_dynamic_targets() { return std::move(dynamic_targets_); }
  std::vector<std::string> take_notes() { return std::move(notes_); }
  /// Bytes of memory that all patterns take at most.
  std::size_t pattern_bytes() const { return pattern_bytes_; }

 private:
  void find_dynamic_targets();
  void add_dynamic_target(DynamicTargets& targets, const DynamicAnchor& anchor);
  std::shared_ptr<const Pattern> compile_pattern(std::string_view text, const Value& where);

  Library& library_;
  const SchemaLimits& limits_;
  std::deque<Node> nodes_;  // in the order they were asked for; those from filled_ on are still empty
  std::size_t filled_ = 0;
  std::unordered_map<const Value*, Node*> by_value_;
  std::map<std::string, DynamicTargets> dynamic_targets_;  // of the names that are asked for
  std::map<std::string, std::vector<const DynamicAnchor*>> anchors_by_name_;
  std::size_t anchors_read_ = 0;  // of the library's, so far
  std::map<std::string, std::shared_ptr<const Pattern>, std::less<>> patterns_;
  std::size_t pattern_bytes_ = 0;
  std::vector<std::string> notes_;
  std::optional<Error> error_;
};

/// A node being filled: the keywords of its schema, as far as its dialect knows them, and the checks of their form.
class Filling {
 public:
  Filling(Compiler& compiler, Node& node) : compiler_(compiler), node_(node) {}

  Compiler& compiler() { return compiler_; }
  const Resource& resource() const { return *node_.resource; }
  Draft draft() const { return node_.resource->dialect.draft; }

  /// The keyword's value, or null where it is not there or not in force.
  const Value* keyword(std::string_view name, Vocabulary vocabulary) const;

  /// The same with the form checked; null as well where it is wrong, which ends the compilation.
  const Value* keyword(std::string_view name, Vocabulary vocabulary, Value::Kind kind);
  const Value* list_of_strings(const Value& list);
  const Value* number(std::string_view name);
  std::optional<std::uint64_t> size(std::string_view name);
  /// The node of a keyword that is a schema; null where it is not there.
  const Node* subschema(std::string_view name, Vocabulary vocabulary = Vocabulary::applicator);
  /// The nodes of a keyword that is a list of schemas.
  std::vector<const Node*> subschemas(std::string_view name);

  template <class R, class... Arguments>
  void add(Arguments&&... arguments) {
    node_.rules.push_back(std::make_unique<R>(std::forward<Arguments>(arguments)...));
  }
  template <class R, class... Arguments>
  void add_last(Arguments&&... arguments) {
    node_.last_rules.push_back(std::make_unique<R>(std::forward<Arguments>(arguments)...));
  }

 private:
  Compiler& compiler_;
  Node& node_;
};

/// Each adds the rules of some keywords.
void add_reference_rules(Filling& filling);
void add_value_rules(Filling& filling);  // type, enum, const
void add_number_rules(Filling& filling);
void add_string_rules(Filling& filling);
void add_array_rules(Filling& filling);
void add_object_rules(Filling& filling);
void add_dependency_rules(Filling& filling);
void add_logic_rules(Filling& filling);  // allOf, anyOf, oneOf, not, if
void add_unevaluated_rules(Filling& filling);

}  // namespace mcp::schema
