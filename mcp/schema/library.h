#pragma once

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mcp/schema/budget.h"
#include "mcp/schema/dialect.h"
#include "mcp/schema/schema.h"
#include "mcp/schema/value.h"

namespace mcp::schema {

/// A schema with an identifier of its own, and everything in it up to the next one that has one.
struct Resource {
  std::string uri;  // without fragment; "" for a schema that says none
  const Value* root = nullptr;
  Dialect dialect;
  std::map<std::string, const Value*, std::less<>> anchors;
  /// What "$dynamicAnchor" names here (an anchor as well). 2019-09's "$recursiveAnchor" is the one named "".
  std::map<std::string, const Value*, std::less<>> dynamic_anchors;
};

/// A place that "$dynamicAnchor" names.
struct DynamicAnchor {
  std::string name;
  const Resource* resource;
  const Value* value;
};

/// Where a reference leads.
struct Target {
  const Value* value = nullptr;
  const Resource* resource = nullptr;
  std::string dynamic_anchor;  // the name, where the reference was to one
};

/// All documents that a schema may refer to, and where in them its references lead: the schema itself, those it was given, and the
/// metaschemas of the known dialects, read when first asked for. Nothing is ever fetched.
class Library {
 public:
  Library(std::span<const SchemaDocument> documents, const SchemaLimits& limits)
      : documents_(documents), limits_(limits), budget_(limits.steps, limits.end) {}

  /// Reads the schema itself. Errors: as Document::parse; invalid_params for an identifier or a dialect that is wrong; too_large,
  /// cancelled.
  Result<Target> add(std::string_view text, std::string_view what, std::string_view uri);

  /// Errors, naming the reference: invalid_params where it leads nowhere, unknown_resource where it leads to another document;
  /// too_large, cancelled.
  Result<Target> resolve(const Resource& from, std::string_view reference);

  /// Those of all documents read so far; what comes later is added at the end.
  const std::deque<DynamicAnchor>& dynamic_anchors() const { return dynamic_anchors_; }

  /// What reading and compiling may still cost.
  Budget& budget() { return budget_; }
  /// The error for a budget that is used up.
  Error too_costly() const;

  /// The resource that a subschema belongs to; null for a value that is not known as a subschema.
  const Resource* resource_of(const Value& value) const;

  /// "URI#/pointer" of any value of a document here; what is very long is cut, with "…".
  std::string location(const Value& value) const;

  /// After this nothing is resolved any more: what the caller passed may end.
  void close();

  /// Bytes of memory that it takes, about.
  std::size_t memory() const;

 private:
  struct Entry {
    const Value* value;
    Resource* resource;
  };

  Result<> scan(const Value& root, Resource& resource);
  Result<> enter(Entry& entry);
  Result<> note_identifier(Entry& entry, std::string_view id);
  Result<> note_anchors(const Entry& entry);
  void note_dynamic_anchor(Resource& resource, std::string_view name, const Value& value);
  Result<> add_resource(Entry& entry, const std::string& uri);
  static Result<> note_anchor(Resource& resource, std::string_view name, const Value& value);
  static void push_children(const Entry& entry, std::vector<Entry>& waiting);
  Result<Dialect> dialect_named(std::string_view uri);
  Result<Resource*> find_resource(const std::string& uri);
  Result<Target> follow(Resource& resource, const std::string& fragment);
  Result<Target> follow_pointer(Resource& resource, std::string_view pointer);

  std::span<const SchemaDocument> documents_;
  SchemaLimits limits_;
  Budget budget_;
  std::vector<std::unique_ptr<const Document>> texts_;
  std::deque<Resource> resources_;
  std::deque<DynamicAnchor> dynamic_anchors_;
  std::unordered_map<std::string, Resource*> by_uri_;
  std::unordered_map<const Value*, Resource*> subschemas_;
  int loading_ = 0;  // documents being read for one another
};

}  // namespace mcp::schema
