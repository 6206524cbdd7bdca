#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/jsonc.h"

namespace gateway {

// Values that come from no text.
JsonNode json_boolean(bool value);
JsonNode json_text(std::string value);
JsonNode json_array(const std::vector<std::string>& texts);
JsonNode json_object(std::vector<std::pair<std::string, JsonNode>> members = {});

/// Whether two values are the same, wherever they stand: numbers by their spelling, strings decoded, members in their order.
bool same_value(const JsonNode& a, const JsonNode& b);

/// How many containers that hold something are inside each other: 0 for a number, 1 for [1], 2 for {"a": [1]}.
std::size_t nesting_of(const JsonNode& node);

/// How somebody writes JSON.
struct JsoncStyle {
  std::string line_break = "\n";
  std::string indent = "  ";  // one level
  std::string colon = ": ";
  bool padded = true;          // { "a": 1 }, not {"a": 1}
  bool trailing_comma = true;  // behind the last member of an object that has a line for each
};

/// The style of a text that was parsed without problems; `trailing_comma` is that of the last container that has a line for each of
/// its values. What the text does not tell is as above, but without trailing commas.
JsoncStyle style_of(std::string_view text, const JsonNode& root);

/// The value as text, on one line.
std::string write_on_one_line(const JsonNode& value, const JsoncStyle& style);

/// The value as text: an object has a line for each member, but where it is inside another and short. `indent` stands before the
/// line it begins on, `column` is how much of that line is taken.
std::string write_in_lines(const JsonNode& value, const JsoncStyle& style, const std::string& indent, std::size_t column);

/// "key": with what stands behind it.
std::string write_key(std::string_view key, const JsoncStyle& style);

}  // namespace gateway
