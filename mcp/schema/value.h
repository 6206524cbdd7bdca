#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"

namespace mcp::schema {

/// One value of a JSON document, with what validation needs of it: numbers as they were written, members sorted by name, the way
/// up.
struct Value {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  bool truth = false;
  std::string_view key;           // decoded; where the value is an object's member
  std::string_view text;          // string: decoded; number: as written
  std::vector<Value> items;       // array: in order; object: the members, sorted by key, each key once
  const Value* parent = nullptr;  // null for the root, and for what stands in no document

  bool is(Kind wanted) const { return kind == wanted; }
  /// The member of that name, or null; null too where this is no object.
  const Value* find(std::string_view name) const;
  /// The place of this child of an array in it.
  std::size_t index() const { return static_cast<std::size_t>(this - parent->items.data()); }
};

/// How much of a document is read. All bounds are on what the sender decides.
struct DocumentLimits {
  std::size_t bytes = 8 << 20;
  std::size_t values = 500'000;
  int depth = 128;
};

/// A parsed JSON text that owns what its values point to. Values never move.
class Document {
 public:
  /// Errors: parse_error; too_large beyond the limits; invalid_request where it is nested too deep or a member occurs twice (of
  /// which two readers take different ones). `what` begins the messages ("The schema").
  static Result<std::unique_ptr<const Document>> parse(std::string_view text,
                                                       std::string_view what,
                                                       const DocumentLimits& limits = {});

  const Value& root() const { return root_; }
  std::size_t value_count() const { return count_; }
  /// Bytes of memory that it takes, about.
  std::size_t memory() const;

 private:
  friend class DocumentReader;
  Document() = default;

  std::string text_;
  std::deque<std::string> decoded_;  // strings that were written with escapes
  Value root_;
  std::size_t count_ = 0;
};

/// The JSON pointer (RFC 6901) from the root of its document to `value`; "" for the root itself.
std::string pointer_to(const Value& value);

/// One step of a JSON pointer, already unescaped: the child, or null.
const Value* child_at(const Value& value, std::string_view token);

/// Undoes "~1" and "~0".
std::string unescape_pointer_token(std::string_view token);

/// The value as JSON on one line for people, cut after about `most` bytes with "…".
std::string shorten(const Value& value, std::size_t most = 80);

/// The text, cut after about `most` bytes with "…", never within a character.
std::string shorten_text(std::string text, std::size_t most);

/// "null", "boolean", "number", "string", "array", "object".
std::string_view to_string(Value::Kind kind);

/// Code points in well-formed UTF-8.
std::size_t count_code_points(std::string_view text);

}  // namespace mcp::schema
