#include "gateway/config/jsonc_write.h"

#include <algorithm>
#include <ranges>

#include "gateway/config/jsonc_gap.h"
#include "mcp/json/text.h"

namespace gateway {
namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kWidth = 100;  // up to which something stays on one line

bool is_container(const JsonNode& node) {
  return node.is(Kind::array) || node.is(Kind::object);
}

std::size_t size_of(const JsonNode& node) {
  return node.items.size() + node.members.size();
}

/// Arrays and objects that hold nothing that holds something.
bool is_flat(const JsonNode& node) {
  const auto simple = [](const JsonNode& one) { return !is_container(one) || size_of(one) == 0; };
  return std::ranges::all_of(node.items, simple) &&
         std::ranges::all_of(node.members, simple, [](const JsonMember& member) -> const JsonNode& { return member.value; });
}

std::string scalar_text(const JsonNode& node) {
  if (node.is(Kind::boolean)) return node.boolean ? "true" : "false";
  if (node.is(Kind::number)) return node.text;
  return node.is(Kind::string) ? mcp::json_string(node.text) : "null";
}

std::string_view comma_on_line(const JsoncStyle& style) {
  return style.colon.ends_with(' ') ? ", " : ",";
}

/// Reads the style off a tree, container by container.
class StyleReader {
 public:
  StyleReader(std::string_view text, JsoncStyle& style) : text_(text), style_(style) {}

  void look_at(const JsonNode& node) {
    if (is_container(node) && size_of(node) > 0) look_at_container(node);
    for (const JsonMember& member : node.members) {
      look_at_colon(member);
      look_at(member.value);
    }
    for (const JsonNode& item : node.items)
      look_at(item);
  }

 private:
  void look_at_container(const JsonNode& node) {
    const JsoncContainer container(node);
    const TextSpan first = container.elements.front(), last = container.elements.back();
    if (!begins_line(text_, first.begin)) {
      if (!node.is(Kind::object) || spans_lines(text_, node.begin, node.end) || padding_known_) return;
      padding_known_ = true;
      style_.padded = text_[node.begin + 1] == ' ';
      return;
    }
    style_.trailing_comma = read_gap(text_, last.end).comma.has_value();
    const std::string_view outer = indent_of_line(text_, node.begin), inner = indent_of_line(text_, first.begin);
    if (indent_known_ || !inner.starts_with(outer) || inner.size() == outer.size()) return;
    indent_known_ = true;
    style_.indent = inner.substr(outer.size());
  }

  void look_at_colon(const JsonMember& member) {
    if (colon_known_) return;
    std::size_t end = member.begin + 1;
    while (text_[end] != '"')
      end += text_[end] == '\\' ? 2U : 1U;
    const std::string_view between = text_.substr(end + 1, member.value.begin - end - 1);
    if (between.size() > 3 || between.find_first_not_of(" :") != std::string_view::npos) return;
    colon_known_ = true;
    style_.colon = between;
  }

  std::string_view text_;
  JsoncStyle& style_;
  bool indent_known_ = false, colon_known_ = false, padding_known_ = false;
};

}  // namespace

JsonNode json_boolean(bool value) {
  JsonNode node;
  node.kind = Kind::boolean;
  node.boolean = value;
  return node;
}

JsonNode json_text(std::string value) {
  JsonNode node;
  node.kind = Kind::string;
  node.text = std::move(value);
  return node;
}

JsonNode json_array(const std::vector<std::string>& texts) {
  JsonNode node;
  node.kind = Kind::array;
  for (const std::string& text : texts)
    node.items.push_back(json_text(text));
  return node;
}

JsonNode json_object(std::vector<std::pair<std::string, JsonNode>> members) {
  JsonNode node;
  node.kind = Kind::object;
  for (auto& [key, value] : members) {
    JsonMember& member = node.members.emplace_back();
    member.key = std::move(key);
    member.value = std::move(value);
  }
  return node;
}

bool same_value(const JsonNode& a, const JsonNode& b) {
  if (a.kind != b.kind || a.boolean != b.boolean || a.text != b.text) return false;
  const auto same_member = [](const JsonMember& x, const JsonMember& y) { return x.key == y.key && same_value(x.value, y.value); };
  return std::ranges::equal(a.items, b.items, same_value) && std::ranges::equal(a.members, b.members, same_member);
}

std::size_t nesting_of(const JsonNode& node) {
  std::size_t below = 0;
  for (const JsonNode& item : node.items)
    below = std::max(below, nesting_of(item));
  for (const JsonMember& member : node.members)
    below = std::max(below, nesting_of(member.value));
  return size_of(node) == 0 ? 0 : below + 1;
}

JsoncStyle style_of(std::string_view text, const JsonNode& root) {
  JsoncStyle style;
  style.trailing_comma = false;
  const std::size_t end = text.find('\n');
  if (end != std::string_view::npos && end > 0 && text[end - 1] == '\r') style.line_break = "\r\n";
  StyleReader(text, style).look_at(root);
  return style;
}

std::string write_key(std::string_view key, const JsoncStyle& style) {
  return mcp::json_string(key) + style.colon;
}

std::string write_on_one_line(const JsonNode& value, const JsoncStyle& style) {
  if (!is_container(value)) return scalar_text(value);
  std::string inside;
  for (const JsonNode& item : value.items)
    inside.append(inside.empty() ? "" : comma_on_line(style)).append(write_on_one_line(item, style));
  for (const JsonMember& member : value.members) {
    inside.append(inside.empty() ? "" : comma_on_line(style)).append(write_key(member.key, style));
    inside += write_on_one_line(member.value, style);
  }
  if (value.is(Kind::array)) return "[" + inside + "]";
  const std::string_view pad = style.padded && !inside.empty() ? " " : "";
  return "{" + std::string(pad) + inside + std::string(pad) + "}";
}

std::string write_in_lines(const JsonNode& value, const JsoncStyle& style, const std::string& indent, std::size_t column) {
  if (!is_container(value) || size_of(value) == 0) return write_on_one_line(value, style);
  const std::string inner = indent + style.indent;
  const auto nested = [&](const JsonNode& one, std::size_t taken) {
    std::string line = write_on_one_line(one, style);
    return is_flat(one) && taken + line.size() <= kWidth ? line : write_in_lines(one, style, inner, taken);
  };
  if (value.is(Kind::array) && is_flat(value)) {
    std::string line = write_on_one_line(value, style);
    if (column + line.size() <= kWidth) return line;
  }
  std::string lines;
  const auto add = [&](const std::string& line) { lines.append(lines.empty() ? "" : ",").append(style.line_break + inner + line); };
  for (const JsonNode& item : value.items)
    add(nested(item, inner.size()));
  for (const JsonMember& member : value.members) {
    const std::string key = write_key(member.key, style);
    add(key + nested(member.value, inner.size() + key.size()));
  }
  const bool array = value.is(Kind::array);
  return (array ? "[" : "{") + lines + (style.trailing_comma ? "," : "") + style.line_break + indent + (array ? "]" : "}");
}

}  // namespace gateway
