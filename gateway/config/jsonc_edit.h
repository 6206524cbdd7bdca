#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/config/jsonc.h"
#include "mcp/base/result.h"

namespace gateway {

/// Changes a JSON text with comments in place: what a change does not speak of keeps every byte, comments, blank lines,
/// indentation, line ends, trailing commas. What is new is written as what stands around it: in lines of its own or on one line,
/// indented alike.
///
/// A comment goes with the value that is taken out where it clearly belongs to it: on the lines directly above, directly before it
/// on its line, or behind it on its last line where it began a line. All others stay.
///
/// Each change is checked by parsing the new text: it has to hold the old values with just that change. Else the call fails with
/// the code internal, and the text is as it was before.
///
/// Paths are keys from the top. A key on the way that is written twice, or whose value is no object, is an Error config_invalid
/// that names its place.
class JsoncEditor {
 public:
  /// Error config_invalid where the text is not free of mistakes; the message has the first one, with its place.
  static mcp::Result<JsoncEditor> open(std::string text);

  const std::string& text() const { return text_; }
  const JsonNode& root() const { return document_.root; }

  /// The value there; nullptr where there is none.
  const JsonNode* find(std::span<const std::string> path) const;

  /// Gives the member this value. One that is there keeps its place, and its text where the value is the same; a new one comes
  /// last. Objects on the way are made.
  mcp::Result<> set(std::span<const std::string> path, const JsonNode& value);

  /// Takes the member out. It has to be there.
  mcp::Result<> remove(std::span<const std::string> path);

  /// Puts a value behind the last one of the array.
  mcp::Result<> append(std::span<const std::string> array, const JsonNode& value);

  /// Takes an item out of the array. It has to be there.
  mcp::Result<> remove_item(std::span<const std::string> array, std::size_t index);

 private:
  JsoncEditor(std::string text, JsonDocument document) : text_(std::move(text)), document_(std::move(document)) {}

  /// Takes the new text over if it holds `expected`.
  mcp::Result<> accept(std::string text, const JsonNode& expected);

  std::string text_;
  JsonDocument document_;
};

}  // namespace gateway
