#include "mcp/schema/compiler.h"

#include <algorithm>

namespace mcp::schema {
namespace {

/// Of a node, beside its keywords: each is looked for.
constexpr std::size_t kFillCost = 40;

void fill(Compiler& compiler, Node& node) {
  const Value& source = *node.source;
  if (source.is(Value::Kind::boolean)) {
    node.allows_nothing = !source.truth;
    return;
  }
  if (!source.is(Value::Kind::object)) return compiler.refuse(source, "a schema is an object or a boolean, not " + shorten(source));
  Filling filling(compiler, node);
  add_reference_rules(filling);
  if (filling.draft() == Draft::draft7 && source.find("$ref") != nullptr) return;
  add_value_rules(filling);
  add_number_rules(filling);
  add_string_rules(filling);
  add_object_rules(filling);
  add_dependency_rules(filling);
  add_array_rules(filling);
  add_logic_rules(filling);
  add_unevaluated_rules(filling);
}

}  // namespace

Result<const Node*> Compiler::run(const Target& root) {
  const Node& first = node(root);
  while (filled_ < nodes_.size() && !error_) {
    Node& next = nodes_[filled_++];
    if (!library_.budget().spend(kFillCost + next.source->items.size())) refuse(library_.too_costly());
    fill(*this, next);
    // Only now is it known which documents there are; their nodes may refer to more.
    if (filled_ == nodes_.size()) find_dynamic_targets();
  }
  if (error_) return std::unexpected(std::move(*error_));
  return &first;
}

const Node& Compiler::node(const Value& subschema) {
  return node(Target{.value = &subschema, .resource = library_.resource_of(subschema), .dynamic_anchor = {}});
}

const Node& Compiler::node(const Target& target) {
  Node*& known = by_value_[target.value];
  if (known == nullptr) {
    known = &nodes_.emplace_back();
    known->source = target.value;
    known->resource = target.resource;
  }
  return *known;
}

const DynamicTargets& Compiler::dynamic_targets(const std::string& name) {
  const auto [found, is_new] = dynamic_targets_.try_emplace(name);
  if (is_new) {
    for (const DynamicAnchor* anchor : anchors_by_name_[name])
      add_dynamic_target(found->second, *anchor);
  }
  return found->second;
}

void Compiler::find_dynamic_targets() {
  for (; anchors_read_ < library_.dynamic_anchors().size(); ++anchors_read_) {
    const DynamicAnchor& anchor = library_.dynamic_anchors()[anchors_read_];
    anchors_by_name_[anchor.name].push_back(&anchor);
    const auto asked = dynamic_targets_.find(anchor.name);
    if (asked != dynamic_targets_.end()) add_dynamic_target(asked->second, anchor);
  }
}

void Compiler::add_dynamic_target(DynamicTargets& targets, const DynamicAnchor& anchor) {
  targets.try_emplace(anchor.resource, &node(*anchor.value));
}

std::shared_ptr<const Pattern> Compiler::pattern(std::string_view text, const Value& where) {
  if (const auto known = patterns_.find(text); known != patterns_.end()) return known->second;
  if (patterns_.size() >= limits_.patterns) {
    refuse_size(where, "the schema has more than " + std::to_string(limits_.patterns) + " patterns");
    return nullptr;
  }
  return patterns_.emplace(text, compile_pattern(text, where)).first->second;
}

std::shared_ptr<const Pattern> Compiler::compile_pattern(std::string_view text, const Value& where) {
  if (!library_.budget().spend(Pattern::compile_cost(std::min(text.size(), Pattern::kMostBytes)))) {
    refuse(library_.too_costly());
    return nullptr;
  }
  auto compiled = Pattern::compile(text);
  if (!compiled) {
    const Value shown{.kind = Value::Kind::string, .text = text};
    notes_.push_back(library_.location(where) + ": the pattern " + shorten(shown) + " is not checked: " + compiled.error().message +
                     ".");
    return nullptr;
  }
  pattern_bytes_ += (*compiled)->memory();
  if (pattern_bytes_ > limits_.pattern_bytes) refuse_size(where, "the schema's patterns are too large");
  return *compiled;
}

void Compiler::refuse(const Value& where, const std::string& problem) {
  refuse(Error{.code = ErrorCode::invalid_params,
               .message = "The schema is not valid at " + library_.location(where) + ": " + problem + "."});
}

void Compiler::refuse_size(const Value& where, const std::string& problem) {
  refuse(Error{.code = ErrorCode::too_large,
               .message = "The schema goes beyond what is checked, at " + library_.location(where) + ": " + problem + "."});
}

void Compiler::refuse(Error error) {
  if (!error_) error_ = std::move(error);
}

const Value* Filling::keyword(std::string_view name, Vocabulary vocabulary) const {
  return node_.resource->dialect.has(vocabulary) ? node_.source->find(name) : nullptr;
}

const Value* Filling::keyword(std::string_view name, Vocabulary vocabulary, Value::Kind kind) {
  const Value* found = keyword(name, vocabulary);
  if (found == nullptr || found->is(kind)) return found;
  compiler_.refuse(*found, "expected " + std::string(to_string(kind)) + ", got " + shorten(*found));
  return nullptr;
}

const Value* Filling::list_of_strings(const Value& list) {
  for (const Value& item : list.items) {
    if (item.is(Value::Kind::string)) continue;
    compiler_.refuse(item, "expected a string, got " + shorten(item));
    return nullptr;
  }
  return &list;
}

const Value* Filling::number(std::string_view name) {
  return keyword(name, Vocabulary::validation, Value::Kind::number);
}

std::optional<std::uint64_t> Filling::size(std::string_view name) {
  const Value* found = number(name);
  if (found == nullptr) return std::nullopt;
  const Decimal value(found->text);
  if (value.is_integer() && !value.is_negative()) return value.to_size().value_or(UINT64_MAX);
  compiler_.refuse(*found, "expected an integer that is not negative, got " + shorten(*found));
  return std::nullopt;
}

const Node* Filling::subschema(std::string_view name, Vocabulary vocabulary) {
  const Value* found = keyword(name, vocabulary);
  return found != nullptr ? &compiler_.node(*found) : nullptr;
}

std::vector<const Node*> Filling::subschemas(std::string_view name) {
  std::vector<const Node*> nodes;
  const Value* found = keyword(name, Vocabulary::applicator, Value::Kind::array);
  if (found == nullptr) return nodes;
  if (found->items.empty()) compiler_.refuse(*found, "expected at least one schema");
  for (const Value& item : found->items)
    nodes.push_back(&compiler_.node(item));
  return nodes;
}

}  // namespace mcp::schema
