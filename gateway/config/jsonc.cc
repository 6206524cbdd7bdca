#include "gateway/config/jsonc.h"

#include <algorithm>
#include <ranges>
#include <unordered_map>
#include <utility>

#include "gateway/config/jsonc_scanner.h"
#include "gateway/config/utf8.h"

namespace gateway {
namespace {

bool begins_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
}

bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

bool begins_value(char c) {
  return c == '{' || c == '[' || c == '"' || c == '\'' || begins_number(c) || begins_word(c);
}

/// Recursive descent; depth is bounded. The functions return false when reading cannot go on.
class Parser {
 public:
  Parser(std::string_view text, std::span<const std::string_view> kept) : scan_(text), kept_(kept) {}

  JsonDocument parse() {
    JsonDocument document;
    if (read_root(document.root) && scan_.skip_space() && !scan_.at_end()) {
      scan_.problem(scan_.position(), "expected the end of the file, found " + scan_.found());
    }
    document.problems = scan_.take_problems();
    return document;
  }

 private:
  bool fatal(TextPosition at, std::string message) {
    scan_.problem(at, std::move(message));
    return false;
  }

  bool fatal_here(std::string message) { return fatal(scan_.position(), std::move(message)); }

  /// Reports a mistake after which what was meant is plain.
  bool mend(TextPosition at, std::string message) {
    scan_.problem(at, std::move(message));
    return !scan_.given_up();
  }

  bool read_root(JsonNode& root) {
    if (!scan_.skip_space()) return false;
    if (scan_.at_end()) return fatal_here("the file is empty; the smallest configuration is {}");
    return read_value(root, 1);
  }

  bool read_value(JsonNode& node, int depth) {
    node.at = scan_.position();
    node.begin = scan_.offset();
    if (keeping_ && ++values_ > kJsoncMaxValues) return fatal(node.at, "more than " + std::to_string(kJsoncMaxValues) + " values");
    if (depth > kJsoncMaxDepth) return fatal(node.at, "nested deeper than " + std::to_string(kJsoncMaxDepth) + " levels");
    const bool going = read_kind(node, depth);
    node.end = scan_.offset();
    return going && !scan_.given_up();
  }

  bool read_kind(JsonNode& node, int depth) {
    const char c = scan_.peek();
    if (c == '{') return read_object(node, depth);
    if (c == '[') return read_array(node, depth);
    if (c == '"') {
      node.kind = JsonNode::Kind::string;
      return scan_.read_string(node.text);
    }
    if (c == '\'') {
      node.kind = JsonNode::Kind::string;
      return read_single_quoted(node.text);
    }
    if (begins_number(c)) {
      scan_.read_number(node);
      return true;
    }
    if (begins_word(c)) return read_literal(node);
    return fatal(node.at, "expected a value, found " + scan_.found());
  }

  bool read_literal(JsonNode& node) {
    const std::string word = scan_.read_word();
    if (word == "null") return true;
    node.kind = JsonNode::Kind::boolean;
    node.boolean = word == "true";
    if (word == "true" || word == "false") return true;
    return mend(node.at, "expected a value, found " + quoted(word) + "; a string needs double quotes");
  }

  bool read_single_quoted(std::string& out) {
    const TextPosition at = scan_.position();
    const std::size_t start = scan_.offset() + 1;
    const std::size_t end = scan_.text().find_first_of("'\n\r", start);
    if (end == std::string_view::npos || scan_.text()[end] != '\'') {
      return fatal(at, "expected a string in double quotes, found '");
    }
    while (scan_.offset() <= end)
      scan_.skip_one();
    out = scan_.text().substr(start, end - start);
    return mend(at, "a string is written in double quotes, not in single ones");
  }

  bool read_array(JsonNode& node, int depth) {
    node.kind = JsonNode::Kind::array;
    const std::string here = scan_.path;
    scan_.skip_one();
    for (std::size_t i = 0;; ++i) {
      if (!scan_.skip_space()) return false;
      if (scan_.at_end()) return fatal(node.at, "the '[' here is never closed; expected ']'");
      if (scan_.peek() == ']') break;
      scan_.path = path_of_item(here, i);
      if (!read_value(node.items.emplace_back(), depth + 1)) return false;
      if (!keeping_) node.items.clear();
      scan_.path = here;
      if (!read_separator(']', "item " + std::to_string(i + 1))) return false;
    }
    scan_.skip_one();
    return true;
  }

  /// After a value: a comma is taken, a closing bracket left; a missing comma is mended.
  bool read_separator(char closing, const std::string& after) {
    if (!scan_.skip_space()) return false;
    if (scan_.at_end() || scan_.peek() == closing) return true;
    if (scan_.peek() == ',') {
      scan_.skip_one();
      return true;
    }
    const TextPosition at = scan_.position();
    const std::string message = "expected ',' or '" + std::string(1, closing) + "' after " + after + ", found " + scan_.found();
    return begins_value(scan_.peek()) ? mend(at, message) : fatal(at, message);
  }

  bool read_object(JsonNode& node, int depth) {
    node.kind = JsonNode::Kind::object;
    const std::string here = scan_.path;
    std::unordered_map<std::string, TextPosition> seen;
    scan_.skip_one();
    while (true) {
      if (!scan_.skip_space()) return false;
      if (scan_.at_end()) return fatal(node.at, "the '{' here is never closed; expected '}'");
      if (scan_.peek() == '}') break;
      JsonMember& member = node.members.emplace_back();
      if (!read_key(member)) return false;
      if (keeping_) note_earlier(member, seen);
      if (!read_colon(member.key)) return false;
      scan_.path = path_of_key(here, member.key);
      if (!read_member_value(member, depth)) return false;
      scan_.path = here;
      if (!read_separator('}', "the value of " + quoted(member.key))) return false;
      if (!keeping_) node.members.clear();
    }
    scan_.skip_one();
    return true;
  }

  static void note_earlier(JsonMember& member, std::unordered_map<std::string, TextPosition>& seen) {
    const auto [first, fresh] = seen.emplace(member.key, member.at);
    if (!fresh) member.earlier = first->second;
  }

  /// The value of a member of an object at `depth`.
  bool read_member_value(JsonMember& member, int depth) {
    const bool kept = keeping_;
    if (depth == 1 && !kept_.empty()) keeping_ = std::ranges::find(kept_, member.key) != kept_.end();
    const bool going = read_value(member.value, depth + 1);
    keeping_ = kept;
    return going;
  }

  bool read_key(JsonMember& member) {
    member.at = scan_.position();
    member.begin = scan_.offset();
    if (scan_.peek() == '"') return scan_.read_string(member.key);
    if (scan_.peek() == '\'') return read_single_quoted(member.key);
    if (!begins_word(scan_.peek())) return fatal(member.at, "expected a key in double quotes or '}', found " + scan_.found());
    member.key = scan_.read_word();
    return mend(member.at, "the key " + quoted(member.key) + " needs double quotes");
  }

  bool read_colon(const std::string& key) {
    if (!scan_.skip_space()) return false;
    if (scan_.peek() == ':') {
      scan_.skip_one();
    } else {
      const TextPosition at = scan_.position();
      const std::string message = "expected ':' after the key " + quoted(key) + ", found " + scan_.found();
      if (scan_.peek() == '=')
        scan_.skip_one();
      else if (!begins_value(scan_.peek()))
        return fatal(at, message);
      if (!mend(at, message)) return false;
    }
    return scan_.skip_space();
  }

  JsoncScanner scan_;
  std::span<const std::string_view> kept_;
  bool keeping_ = true;  // what is being read is wanted
  std::size_t values_ = 0;
};

}  // namespace

const JsonMember* JsonNode::find(std::string_view key) const {
  for (const JsonMember& member : std::views::reverse(members)) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

JsonDocument parse_jsonc(std::string_view text, std::span<const std::string_view> kept) {
  JsonDocument refused;
  if (text.size() > kJsoncMaxBytes) {
    refused.problems.push_back({{}, "", "the file is larger than " + std::to_string(kJsoncMaxBytes / 1024 / 1024) + " MiB"});
    return refused;
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    refused.problems.push_back({{}, "", "the file is UTF-16; save it as UTF-8"});
    return refused;
  }
  return Parser(text, kept).parse();
}

std::string_view describe(JsonNode::Kind kind) {
  switch (kind) {
    case JsonNode::Kind::null:
      return "null";
    case JsonNode::Kind::boolean:
      return "a boolean";
    case JsonNode::Kind::number:
      return "a number";
    case JsonNode::Kind::string:
      return "a string";
    case JsonNode::Kind::array:
      return "an array";
    case JsonNode::Kind::object:
      return "an object";
  }
  return "a value";
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kMaxBytes = 64;
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() > kMaxBytes) {
      out += "…";
      break;
    }
    const std::size_t length = utf8_length(text, i);
    if (length == 0 || is_unprintable(utf8_decode(text, i, length))) {
      out += "\uFFFD";
    } else {
      out.append(text, i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return out + "\"";
}

std::string path_of_key(const std::string& path, std::string_view key) {
  static constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-$";
  if (key.empty() || key.size() > 64 || key.find_first_not_of(kPlain) != std::string_view::npos)
    return path + "[" + quoted(key) + "]";
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::string path_of_item(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

}  // namespace gateway
