#include "gateway/config/jsonc_edit.h"

#include <algorithm>
#include <vector>

#include "gateway/config/jsonc_gap.h"
#include "gateway/config/jsonc_splice.h"
#include "gateway/config/server_fields.h"

namespace gateway {
namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using Path = std::span<const std::string>;

std::string place_text(TextPosition at) {
  return "line " + std::to_string(at.line) + ", column " + std::to_string(at.column);
}

std::string path_text(Path path) {
  std::string text;
  for (const std::string& key : path)
    text = path_of_key(text, key);
  return text;
}

template <class Node>
Node* member_of(Node& object, std::string_view key) {
  const auto found = std::ranges::find(object.members, key, &JsonMember::key);
  return found == object.members.end() ? nullptr : &found->value;
}

std::size_t index_of(const JsonNode& object, std::string_view key) {
  return static_cast<std::size_t>(std::ranges::find(object.members, key, &JsonMember::key) - object.members.begin());
}

/// The way to a value through the objects that hold it.
struct Way {
  std::vector<const JsonNode*> nodes;  // the root, and what each key led to, as far as there is something
  std::size_t steps() const { return nodes.size() - 1; }
};

Result<Way> walk(const JsonNode& root, Path path) {
  Way way{{&root}};
  for (std::size_t i = 0; i < path.size(); ++i) {
    const JsonNode& node = *way.nodes.back();
    const std::string here = path_text(path.first(i));
    if (!node.is(JsonNode::Kind::object)) {
      return fail(ErrorCode::config_invalid,
                  place_text(node.at) + ": " + (here.empty() ? "" : here + ": ") + "expected an object, found " +
                      std::string(describe(node.kind)));
    }
    const JsonMember* member = node.find(path[i]);
    if (member == nullptr) break;
    if (member->earlier) {
      return fail(ErrorCode::config_invalid,
                  place_text(member->at) + ": " + path_text(path.first(i + 1)) + ": " + repeated_message(*member->earlier));
    }
    way.nodes.push_back(&member->value);
  }
  return way;
}

/// `levels`: of the containers that the value stands in.
Result<> check_depth(Path path, std::size_t levels, const JsonNode& value) {
  if (levels + nesting_of(value) + 1 <= static_cast<std::size_t>(kJsoncMaxDepth)) return {};
  return fail(ErrorCode::config_invalid, path_text(path) + ": nested deeper than " + std::to_string(kJsoncMaxDepth) + " levels");
}

std::unexpected<mcp::Error> absent(Path path) {
  return fail(ErrorCode::config_invalid, path_text(path) + " is not there");
}

/// How what surrounds the last of these nodes is written.
Surroundings surroundings_of(std::string_view text, const Way& way) {
  Surroundings around{style_of(text, *way.nodes.front()), true};
  around.style.trailing_comma = false;
  for (std::size_t i = 0; i < way.nodes.size(); ++i) {
    const JsonNode& node = *way.nodes[i];
    if (node.members.empty()) continue;
    const JsonMember& last = node.members.back();
    if (begins_line(text, last.begin)) around.style.trailing_comma = read_gap(text, last.value.end).comma.has_value();
    const JsonNode* next = i + 1 < way.nodes.size() ? way.nodes[i + 1] : nullptr;
    const auto on_the_way = std::ranges::find_if(node.members, [&](const JsonMember& one) { return &one.value == next; });
    if (on_the_way != node.members.end()) around.in_lines = begins_line(text, on_the_way->begin);
  }
  return around;
}

}  // namespace

Result<JsoncEditor> JsoncEditor::open(std::string text) {
  JsonDocument document = parse_jsonc(text);
  if (!document.problems.empty()) {
    const JsonProblem& first = document.problems.front();
    return fail(ErrorCode::config_invalid,
                place_text(first.at) + ": " + (first.path.empty() ? "" : first.path + ": ") + first.message);
  }
  return JsoncEditor(std::move(text), std::move(document));
}

const JsonNode* JsoncEditor::find(Path path) const {
  const JsonNode* node = &root();
  for (const std::string& key : path) {
    const JsonMember* member = node->find(key);
    if (member == nullptr) return nullptr;
    node = &member->value;
  }
  return node;
}

Result<> JsoncEditor::set(Path path, const JsonNode& value) {
  const auto way = walk(root(), path);
  if (!way) return std::unexpected(way.error());
  if (auto fits = check_depth(path, path.size(), value); !fits) return fits;
  const std::size_t known = way->steps();
  const JsonNode& deepest = *way->nodes.back();
  const Surroundings around = surroundings_of(text_, *way);
  JsonNode expected = root();
  JsonNode* there = &expected;
  for (const std::string& key : path.first(known))
    there = member_of(*there, key);
  if (known == path.size()) {
    if (same_value(deepest, value)) return {};
    *there = value;
    return accept(splice_over(text_, around, deepest, value), expected);
  }
  // What is missing on the way comes with the value, from the inside out.
  JsonNode whole = value;
  for (std::size_t i = path.size() - 1; i > known; --i)
    whole = json_object({{path[i], std::move(whole)}});
  JsonMember& added = there->members.emplace_back();
  added.key = path[known];
  added.value = whole;
  return accept(splice_in(text_, around, deepest, {&path[known], whole}), expected);
}

Result<> JsoncEditor::remove(Path path) {
  const auto way = walk(root(), path);
  if (!way) return std::unexpected(way.error());
  if (path.empty() || way->steps() < path.size()) return absent(path);
  JsonNode expected = root();
  JsonNode* there = &expected;
  for (const std::string& key : path.first(path.size() - 1))
    there = member_of(*there, key);
  const std::size_t index = index_of(*there, path.back());
  there->members.erase(there->members.begin() + static_cast<std::ptrdiff_t>(index));
  return accept(splice_out(text_, *way->nodes[path.size() - 1], index), expected);
}

Result<> JsoncEditor::append(Path array, const JsonNode& value) {
  const auto way = walk(root(), array);
  if (!way) return std::unexpected(way.error());
  const JsonNode& node = *way->nodes.back();
  if (way->steps() < array.size() || !node.is(JsonNode::Kind::array)) return absent(array);
  if (auto fits = check_depth(array, array.size() + 1, value); !fits) return fits;
  JsonNode expected = root();
  JsonNode* there = &expected;
  for (const std::string& key : array)
    there = member_of(*there, key);
  there->items.push_back(value);
  return accept(splice_in(text_, surroundings_of(text_, *way), node, {nullptr, value}), expected);
}

Result<> JsoncEditor::remove_item(Path array, std::size_t index) {
  const auto way = walk(root(), array);
  if (!way) return std::unexpected(way.error());
  const JsonNode& node = *way->nodes.back();
  if (way->steps() < array.size() || index >= node.items.size()) return absent(array);
  JsonNode expected = root();
  JsonNode* there = &expected;
  for (const std::string& key : array)
    there = member_of(*there, key);
  there->items.erase(there->items.begin() + static_cast<std::ptrdiff_t>(index));
  return accept(splice_out(text_, node, index), expected);
}

Result<> JsoncEditor::accept(std::string text, const JsonNode& expected) {
  JsonDocument document = parse_jsonc(text);
  if (!document.problems.empty() || !same_value(document.root, expected)) {
    return fail(ErrorCode::internal, "the change could not be made without touching something else", "Please report it.");
  }
  text_ = std::move(text);
  document_ = std::move(document);
  return {};
}

}  // namespace gateway
