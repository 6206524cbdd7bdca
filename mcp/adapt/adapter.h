#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mcp/adapt/text_edits.h"
#include "mcp/base/error.h"
#include "mcp/types/protocol_version.h"

namespace mcp {

class Adapter;

/// How a value is adapted, whatever it turns out to be: what is not of the expected form stays as it is.
using AdaptValue = void (*)(Adapter& adapter, std::string_view value);

/// What a revision's schema says about one member. Members without a rule are in every revision, or in none.
struct MemberRule {
  std::string_view name;
  AdaptValue adapt = nullptr;
  ProtocolVersion since = ProtocolVersion::v2024_11_05;  // the revision that brought it; an older side does not get it
  ProtocolVersion newest = kLatestVersion;  // brought the last of what `adapt` knows: a later reader's value is not looked into
};

using Shape = std::span<const MemberRule>;

/// Cuts one JSON text down to what a revision knows. The text is valid JSON and outlives the adapter; all values handed in are
/// views into it.
class Adapter {
 public:
  Adapter(std::string_view text, ProtocolVersion to) : edits_(text), to_(to) {}

  /// The revision of the side that is to read the text.
  ProtocolVersion to() const { return to_; }

  /// Drops the members of an object that are newer than the reader's revision, and adapts the others.
  void object(std::string_view value, Shape shape);

  /// Whether the reader's revision knows everything that the shape's rules are about.
  bool knows_all(Shape shape) const;

  /// The same as object() for one member of an object, within members(): adapts it, and returns whether it stays.
  bool adapt_member(Shape shape, std::string_view key, std::string_view value);

  void array(std::string_view value, AdaptValue adapt_element);

  /// Drops the members of an object that `keep` does not want. `key` is decoded; `written` is the whole member, key and value.
  using Keep = std::function<bool(std::string_view key, std::string_view value, std::string_view written)>;
  void members(std::string_view object, const Keep& keep);

  void replace(std::string_view value, std::string json) { edits_.replace(value, std::move(json)); }

  /// Adds a member in front of an object's others; at least one of those stays, or there are none.
  void insert_first(std::string_view object, std::string written);

  /// Adds an element behind an array's others.
  void append_element(std::string_view array, std::string json);

  /// The text cannot be said in the reader's revision. The first reason stands.
  void refuse(ErrorCode code, std::string reason);
  const std::optional<Error>& refusal() const { return refusal_; }

  bool changed() const { return !edits_.empty(); }
  std::string text() { return edits_.apply(); }

 private:
  TextEdits edits_;
  ProtocolVersion to_;
  std::optional<Error> refusal_;
};

}  // namespace mcp
