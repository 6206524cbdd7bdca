#include "mcp/schema/library.h"

#include <algorithm>

#include "mcp/schema/metaschemas.h"
#include "mcp/schema/uri.h"

namespace mcp::schema {
namespace {

constexpr int kMostLoading = 16;

/// Of a subschema that is read: every keyword that may have subschemas in it is looked for.
constexpr std::size_t kScanCost = 30;
/// Of an identifier that is resolved, and of a reference that is followed.
constexpr std::size_t kUriBytesForStep = 16, kReferenceCost = 20;

/// Longest pointer in messages.
constexpr std::size_t kShownPointer = 500;

std::string quoted(std::string_view text) {
  const Value value{.kind = Value::Kind::string, .text = text};
  return shorten(value, 200);
}

/// In draft-07 nothing beside a reference counts.
bool stands_beside_ref(const Value& schema, Draft draft) {
  return draft == Draft::draft7 && schema.find("$ref") != nullptr;
}

}  // namespace

Result<Target> Library::add(std::string_view text, std::string_view what, std::string_view uri) {
  const DocumentLimits limits{.bytes = limits_.bytes, .values = limits_.values, .depth = limits_.depth};
  auto document = Document::parse(text, what, limits);
  if (!document) return std::unexpected(std::move(document.error()));
  const Value& root = (*document)->root();
  texts_.push_back(std::move(*document));
  Resource& resource = resources_.emplace_back();
  resource.uri = resolve_reference("", uri).resource;
  resource.root = &root;
  by_uri_.try_emplace(resource.uri, &resource);
  if (const Value* named = root.find("$schema"); named != nullptr) {
    if (!named->is(Value::Kind::string))
      return fail(ErrorCode::invalid_params, std::string(what) + " has a \"$schema\" that is no string.");
    auto dialect = dialect_named(named->text);
    if (!dialect) return std::unexpected(std::move(dialect.error()));
    resource.dialect = *dialect;
  }
  if (auto scanned = scan(root, resource); !scanned) return std::unexpected(std::move(scanned.error()));
  return Target{.value = &root, .resource = subschemas_.at(&root), .dynamic_anchor = {}};
}

Result<Dialect> Library::dialect_named(std::string_view uri) {
  if (const auto known = known_dialect(uri)) return *known;
  const bool is_given = std::ranges::any_of(documents_, [&](const SchemaDocument& document) { return document.uri == uri; });
  if (!is_given) {
    return fail(ErrorCode::invalid_params,
                "The schema is written in a dialect that is not known here: " + quoted(uri) + ".",
                "Known are JSON Schema 2020-12, 2019-09 and draft-07.");
  }
  auto metaschema = find_resource(std::string(uri));
  if (!metaschema) return std::unexpected(std::move(metaschema.error()));
  return dialect_of_metaschema(*(*metaschema)->root, (*metaschema)->dialect);
}

/// Finds the identifiers and anchors in a schema.
Result<> Library::scan(const Value& root, Resource& resource) {
  std::vector<Entry> waiting = {{&root, &resource}};
  while (!waiting.empty()) {
    Entry entry = waiting.back();
    waiting.pop_back();
    if (subschemas_.contains(entry.value)) continue;
    if (!budget_.spend(kScanCost)) return std::unexpected(too_costly());
    if (auto entered = enter(entry); !entered) return entered;
    subschemas_.emplace(entry.value, entry.resource);
    push_children(entry, waiting);
  }
  return {};
}

Result<> Library::enter(Entry& entry) {
  const Value& schema = *entry.value;
  if (!schema.is(Value::Kind::object) || stands_beside_ref(schema, entry.resource->dialect.draft)) return {};
  if (const Value* id = schema.find("$id"); id != nullptr) {
    if (!id->is(Value::Kind::string)) return fail(ErrorCode::invalid_params, location(*id) + ": \"$id\" must be a string.");
    if (auto noted = note_identifier(entry, id->text); !noted) return noted;
  }
  return note_anchors(entry);
}

Result<> Library::note_identifier(Entry& entry, std::string_view id) {
  if (!budget_.spend((entry.resource->uri.size() + id.size()) / kUriBytesForStep)) return std::unexpected(too_costly());
  const Reference reference = resolve_reference(entry.resource->uri, id);
  if (reference.resource.size() > limits_.identifier_bytes) {
    return fail(ErrorCode::too_large,
                "The schema has an identifier of more than " + std::to_string(limits_.identifier_bytes) + " bytes.");
  }
  if (!id.starts_with('#')) {
    const bool is_root = entry.value == entry.resource->root;
    if (is_root) {
      entry.resource->uri = reference.resource;
    } else if (auto added = add_resource(entry, reference.resource); !added) {
      return added;
    }
    const auto [found, is_new] = by_uri_.try_emplace(reference.resource, entry.resource);
    if (!is_new && found->second != entry.resource) {
      return fail(ErrorCode::invalid_params, location(*entry.value) + ": the identifier " + quoted(id) + " is used twice.");
    }
  }
  // How draft-07 spells an anchor.
  if (reference.fragment.empty()) return {};
  return note_anchor(*entry.resource, reference.fragment, *entry.value);
}

/// The entry begins a resource of its own.
Result<> Library::add_resource(Entry& entry, const std::string& uri) {
  if (resources_.size() >= limits_.resources) {
    return fail(ErrorCode::too_large, "The schema has more than " + std::to_string(limits_.resources) + " identifiers.");
  }
  Dialect dialect = entry.resource->dialect;
  if (const Value* named = entry.value->find("$schema"); named != nullptr && named->is(Value::Kind::string)) {
    auto other = dialect_named(named->text);
    if (!other) return std::unexpected(std::move(other.error()));
    dialect = *other;
  }
  Resource& resource = resources_.emplace_back();
  resource.uri = uri;
  resource.root = entry.value;
  resource.dialect = dialect;
  entry.resource = &resource;
  return {};
}

void Library::note_dynamic_anchor(Resource& resource, std::string_view name, const Value& value) {
  const auto [entry, is_new] = resource.dynamic_anchors.emplace(name, &value);
  if (is_new) dynamic_anchors_.push_back({.name = entry->first, .resource = &resource, .value = &value});
}

Result<> Library::note_anchors(const Entry& entry) {
  Resource& resource = *entry.resource;
  if (resource.dialect.draft == Draft::draft7) return {};
  for (const std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
    const bool is_dynamic = keyword == "$dynamicAnchor";
    const Value* name = entry.value->find(keyword);
    if (name == nullptr || (is_dynamic && resource.dialect.draft != Draft::draft2020)) continue;
    if (!name->is(Value::Kind::string)) return fail(ErrorCode::invalid_params, location(*name) + ": an anchor must be a string.");
    if (auto noted = note_anchor(resource, name->text, *entry.value); !noted) return noted;
    if (is_dynamic) note_dynamic_anchor(resource, name->text, *entry.value);
  }
  const Value* recursive = entry.value->find("$recursiveAnchor");
  if (recursive != nullptr && recursive->truth && resource.dialect.draft == Draft::draft2019 && entry.value == resource.root) {
    note_dynamic_anchor(resource, "", *entry.value);
  }
  return {};
}

Result<> Library::note_anchor(Resource& resource, std::string_view name, const Value& value) {
  const auto [found, is_new] = resource.anchors.try_emplace(std::string(name), &value);
  if (is_new || found->second == &value) return {};
  return fail(ErrorCode::invalid_params, "The schema uses the anchor " + quoted(name) + " twice.");
}

void Library::push_children(const Entry& entry, std::vector<Entry>& waiting) {
  if (!entry.value->is(Value::Kind::object)) return;
  for (const SubschemaKeyword& keyword : subschema_keywords()) {
    const Value* found = keyword.in(entry.resource->dialect.draft) ? entry.value->find(keyword.name) : nullptr;
    if (found == nullptr) continue;
    const bool is_list = found->is(Value::Kind::array);
    if (keyword.shape == Shape::schema || (keyword.shape == Shape::schema_or_schemas && !is_list)) {
      waiting.push_back({found, entry.resource});
    } else if (is_list != (keyword.shape == Shape::map)) {
      for (const Value& child : found->items)
        waiting.push_back({&child, entry.resource});
    }
  }
}

Result<Target> Library::resolve(const Resource& from, std::string_view reference) {
  if (!budget_.spend(kReferenceCost + (from.uri.size() + reference.size()) / kUriBytesForStep))
    return std::unexpected(too_costly());
  const Reference to = resolve_reference(from.uri, reference);
  auto resource = find_resource(to.resource);
  if (!resource) return std::unexpected(std::move(resource.error()));
  auto target = follow(**resource, to.fragment);
  if (target || target.error().code != ErrorCode::invalid_params) return target;
  return fail(target.error().code, "The reference " + quoted(reference) + " leads nowhere: " + target.error().message);
}

Result<Resource*> Library::find_resource(const std::string& uri) {
  if (const auto found = by_uri_.find(uri); found != by_uri_.end()) return found->second;
  std::string_view text = metaschema_text(uri);
  if (text.empty()) {
    const auto given = std::ranges::find(documents_, uri, &SchemaDocument::uri);
    if (given != documents_.end()) text = given->text;
  }
  if (text.empty()) {
    return fail(ErrorCode::unknown_resource,
                "The schema refers to " + quoted(uri) + ", which is not in it.",
                "Nothing is fetched: put what it refers to into its \"$defs\".");
  }
  if (loading_ >= kMostLoading) return fail(ErrorCode::too_large, "The schema's documents refer to too many others.");
  ++loading_;
  auto added = add(text, uri, uri);
  --loading_;
  if (!added) return std::unexpected(std::move(added.error()));
  return by_uri_.at(uri);
}

Result<Target> Library::follow(Resource& resource, const std::string& fragment) {
  if (fragment.empty() || fragment.starts_with('/')) return follow_pointer(resource, fragment);
  const auto anchor = resource.anchors.find(fragment);
  if (anchor == resource.anchors.end()) return fail(ErrorCode::invalid_params, "there is no anchor " + quoted(fragment) + ".");
  Target target{.value = anchor->second, .resource = subschemas_.at(anchor->second), .dynamic_anchor = {}};
  if (resource.dynamic_anchors.contains(fragment)) target.dynamic_anchor = fragment;
  return target;
}

Result<Target> Library::follow_pointer(Resource& resource, std::string_view pointer) {
  const Value* at = resource.root;
  Resource* owner = &resource;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    at = child_at(*at, unescape_pointer_token(token));
    if (at == nullptr) return fail(ErrorCode::invalid_params, "there is no " + quoted(token) + " on its way.");
    if (const auto known = subschemas_.find(at); known != subschemas_.end()) owner = known->second;
  }
  // Somewhere no keyword has a schema: it is one because it is referred to.
  if (auto scanned = scan(*at, *owner); !scanned) return std::unexpected(std::move(scanned.error()));
  return Target{.value = at, .resource = subschemas_.at(at), .dynamic_anchor = {}};
}

const Resource* Library::resource_of(const Value& value) const {
  const auto found = subschemas_.find(&value);
  return found != subschemas_.end() ? found->second : nullptr;
}

std::string Library::location(const Value& value) const {
  const Value* root = &value;
  while (root->parent != nullptr)
    root = root->parent;
  const Resource* resource = resource_of(*root);
  return (resource != nullptr ? resource->uri : "") + "#" + shorten_text(pointer_to(value), kShownPointer);
}

Error Library::too_costly() const {
  if (budget_.stopped()) return {.code = ErrorCode::cancelled, .message = "The schema was not read to its end."};
  return {.code = ErrorCode::too_large, .message = "The schema takes too long to read."};
}

void Library::close() {
  documents_ = {};
  limits_.end = {};
  budget_ = Budget(0, {});
}

std::size_t Library::memory() const {
  constexpr std::size_t kResource = 512, kAnchor = 256, kSubschema = 64;  // with their places in the tables
  std::size_t bytes = subschemas_.size() * kSubschema + dynamic_anchors_.size() * kAnchor;
  for (const auto& text : texts_)
    bytes += text->memory();
  for (const Resource& resource : resources_)
    bytes += kResource + 2 * resource.uri.size() + resource.anchors.size() * kAnchor;
  return bytes;
}

}  // namespace mcp::schema
