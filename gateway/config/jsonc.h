#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// A place in a text: both count from 1, columns in characters (not bytes); a byte order mark does not count.
struct TextPosition {
  int line = 1;
  int column = 1;

  bool operator==(const TextPosition&) const = default;
};

struct JsonMember;

/// One value of a parsed text, with its place.
struct JsonNode {
  enum class Kind { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  TextPosition at;
  std::size_t begin = 0, end = 0;   // bytes of the text it was parsed from
  bool boolean = false;             // boolean
  double number = 0;                // number
  std::string text;                 // string: decoded, valid UTF-8; number: as it was written
  std::vector<JsonNode> items;      // array
  std::vector<JsonMember> members;  // object, in the order of the text; a repeated key is there as often as it was written

  bool is(Kind wanted) const { return kind == wanted; }

  /// The member of that name, the last one where it is repeated; or nullptr.
  const JsonMember* find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  TextPosition at;                      // of the key
  std::size_t begin = 0;                // byte of the key's opening quote
  std::optional<TextPosition> earlier;  // where the same key stands first, when this is a repetition
  JsonNode value;
};

/// What is wrong with the syntax at one place.
struct JsonProblem {
  TextPosition at;
  std::string path;  // of the value it is in: "mcpServers.files.args[2]", "" at the top
  std::string message;
};

/// A text taken apart. With any problem in it, `root` holds what could be read and is good for nothing but guessing.
struct JsonDocument {
  JsonNode root;
  std::vector<JsonProblem> problems;  // in the order of the text, at most 20
};

inline constexpr std::size_t kJsoncMaxBytes = 64 * 1024 * 1024;
inline constexpr int kJsoncMaxDepth = 64;
inline constexpr std::size_t kJsoncMaxValues = 200'000;  // that are kept

/// Parses JSON with // and /* */ comments, trailing commas and an optional UTF-8 byte order mark. Goes on after a mistake where
/// what was meant is plain (a missing comma, an unquoted word), so that one run names several. Takes any bytes.
///
/// Where `kept` names keys of the top level, the values of all others are checked but not kept (arrays and objects are empty then):
/// other clients' files hold megabytes that nobody looks at here.
JsonDocument parse_jsonc(std::string_view text, std::span<const std::string_view> kept = {});

/// "an object", "a number", …: for messages.
std::string_view describe(JsonNode::Kind kind);

/// `path` and one more step: "a" + "b" = "a.b", "a" + "x y" = "a[\"x y\"]".
std::string path_of_key(const std::string& path, std::string_view key);
std::string path_of_item(const std::string& path, std::size_t index);

/// A key or a word of the file in double quotes for a message: shortened, without control characters.
std::string quoted(std::string_view text);

}  // namespace gateway
