#pragma once

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

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
  Library(std::span<const SchemaDocument> documents, const SchemaLimits& limits) : documents_(documents), limits_(limits) {}

  /// Reads the schema itself. Errors: as Document::parse; invalid_params for an identifier or a dialect that is wrong.
  Result<Target> add(std::string_view text, std::string_view what, std::string_view uri);

  /// Errors: invalid_params, naming the reference that leads nowhere.
  Result<Target> resolve(const Resource& from, std::string_view reference);

  /// Those of all documents read so far.
  const std::deque<Resource>& resources() const { return resources_; }

  /// The resource that a subschema belongs to; null for a value that is not known as a subschema.
  const Resource* resource_of(const Value& value) const;

  /// "URI#/pointer" of any value of a document here.
  std::string location(const Value& value) const;

  /// After this nothing is resolved any more: what the caller passed may end.
  void close() { documents_ = {}; }

 private:
  struct Entry {
    const Value* value;
    Resource* resource;
  };

  Result<> scan(const Value& root, Resource& resource);
  Result<> enter(Entry& entry);
  Result<> note_identifier(Entry& entry, std::string_view id);
  Result<> note_anchors(const Entry& entry);
  static Result<> note_anchor(Resource& resource, std::string_view name, const Value& value);
  static void push_children(const Entry& entry, std::vector<Entry>& waiting);
  Result<Dialect> dialect_named(std::string_view uri);
  Result<Resource*> find_resource(const std::string& uri);
  Result<Target> follow(Resource& resource, const std::string& fragment);
  Result<Target> follow_pointer(Resource& resource, std::string_view pointer);

  std::span<const SchemaDocument> documents_;
  const SchemaLimits limits_;
  std::vector<std::unique_ptr<const Document>> texts_;
  std::deque<Resource> resources_;
  std::unordered_map<std::string, Resource*> by_uri_;
  std::unordered_map<const Value*, Resource*> subschemas_;
  int loading_ = 0;  // documents being read for one another
};

}  // namespace mcp::schema
