#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"

namespace mcp {

/// Small readers and writers of JSON text that need no document tree. All take text that is valid JSON already (a Message's member
/// or a part of one) unless said otherwise.

/// Appends `value` as a JSON string, quoted and escaped. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view value);
std::string json_string(std::string_view value);

/// Decodes a quoted JSON string, escapes included; "" for any other value. A lone surrogate escape becomes U+FFFD.
std::string decode_json_string(std::string_view quoted);

/// Calls `visit(key, value)` for every member of an object: the key without its quotes, not decoded; the value's raw text. Stops
/// when `visit` returns false. Does nothing when `object` is not an object.
void for_each_member(std::string_view object, const std::function<bool(std::string_view key, std::string_view value)>& visit);

/// The raw text of the first member of that (plainly spelled) name, or "".
std::string_view member(std::string_view object, std::string_view name);

/// A string member of an object, decoded; "" when it is absent or no string.
std::string string_member(std::string_view object, std::string_view name);

/// Whether a member's key, as for_each_member() gives it, is that name in any spelling.
bool key_is(std::string_view key, std::string_view name);

/// The raw text of the first member of that name in any spelling, or "".
std::string_view find_member(std::string_view object, std::string_view name);

/// The raw texts of an array's elements; empty when `array` is not an array. Views into `array`.
std::vector<std::string_view> elements(std::string_view array);

/// Checks untrusted text: valid JSON, valid UTF-8, nested at most `max_depth` deep (never more than 128). Errors: parse_error, or
/// invalid_request where it is nested too deep.
Result<> validate_json(std::string_view text, int max_depth = 128);

}  // namespace mcp
