#include "gateway/import/toml_text.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 32
// What it asserts, wrong input breaks; the code after the assertions is sound, as long as no compiler takes them for promises.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

namespace gateway {
namespace {

TextPosition place_of(const toml::source_position& position) {
  return {static_cast<int>(position.line), static_cast<int>(position.column)};
}

/// What the parser must not see, found by a look at where strings and comments are. Where a text is no TOML that look may be wrong,
/// but then the parser stops before such a place, too.
///
/// Keys of too many parts: it makes a table for each part, however many there are, and the stack ends where they are taken down
/// again. Characters beyond ASCII outside of strings and comments, where TOML has none: what it does with them is not defined.
class Precheck {
 public:
  explicit Precheck(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }

  std::optional<JsonProblem> run() {
    while (!rest_.empty() && problem_.empty())
      step();
    if (problem_.empty()) return std::nullopt;
    return JsonProblem{{line_, 1}, "", problem_};
  }

 private:
  void step() {
    const char c = rest_.front();
    if (c == '#') return skip(std::min(rest_.find('\n'), rest_.size()));
    if (c == '"' || c == '\'') {
      const bool three = rest_.size() >= 3 && rest_[1] == c && rest_[2] == c;
      return string(rest_.substr(0, three ? 3 : 1));
    }
    if (c == ',' || c == '=') dots_ = 0;
    if (c == '.' && ++dots_ > kJsoncMaxDepth) problem_ = "a key with more than " + std::to_string(kJsoncMaxDepth) + " parts";
    if (static_cast<unsigned char>(c) >= 0x80) problem_ = "a character outside of quotes that is not ASCII";
    if (problem_.empty()) skip(1);
  }

  /// Behind the string that begins with this. One without an end is no TOML.
  void string(std::string_view quote) {
    const bool escapes = quote.front() == '"';
    skip(quote.size());
    while (!rest_.empty() && !rest_.starts_with(quote)) {
      if (quote.size() == 1 && rest_.front() == '\n') return;
      skip(escapes && rest_.front() == '\\' ? std::min<std::size_t>(2, rest_.size()) : 1);
    }
    skip(std::min(quote.size(), rest_.size()));
    // Up to two more quotes belong to the text.
    for (int i = 0; i < 2 && quote.size() == 3 && rest_.starts_with(quote.front()); ++i)
      skip(1);
  }

  void skip(std::size_t count) {
    const auto breaks = std::ranges::count(rest_.substr(0, count), '\n');
    if (breaks > 0) dots_ = 0;
    line_ += static_cast<int>(breaks);
    rest_.remove_prefix(count);
  }

  std::string_view rest_;
  std::string problem_;
  int line_ = 1;
  int dots_ = 0;  // in what may be one key
};

class Converter {
 public:
  explicit Converter(std::vector<JsonProblem>& problems) : problems_(problems) {}

  JsonNode convert(const toml::node& from, const std::string& path, int depth) {
    JsonNode node;
    node.at = place_of(from.source().begin);
    if (depth > kJsoncMaxDepth || ++values_ > kJsoncMaxValues) {
      if (problems_.empty()) problems_.push_back({node.at, path, depth > kJsoncMaxDepth ? "nested too deeply" : "too many values"});
      return node;
    }
    if (const auto* table = from.as_table()) return convert_table(*table, std::move(node), path, depth);
    if (const auto* array = from.as_array()) {
      node.kind = JsonNode::Kind::array;
      for (const toml::node& item : *array)
        node.items.push_back(convert(item, path_of_item(path, node.items.size()), depth + 1));
      return node;
    }
    return convert_plain(from, std::move(node));
  }

 private:
  JsonNode convert_table(const toml::table& table, JsonNode node, const std::string& path, int depth) {
    node.kind = JsonNode::Kind::object;
    for (const auto& [key, value] : table) {
      JsonMember member;
      member.key = std::string(key.str());
      member.at = place_of(key.source().begin);
      member.value = convert(value, path_of_key(path, member.key), depth + 1);
      node.members.push_back(std::move(member));
    }
    // The parser has them by name.
    std::ranges::sort(node.members, [](const JsonMember& a, const JsonMember& b) {
      return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
    });
    return node;
  }

  static JsonNode convert_plain(const toml::node& from, JsonNode node) {
    if (const auto* text = from.as_string()) {
      node.kind = JsonNode::Kind::string;
      node.text = text->get();
    } else if (const auto* truth = from.as_boolean()) {
      node.kind = JsonNode::Kind::boolean;
      node.boolean = truth->get();
    } else if (const auto* whole = from.as_integer()) {
      node.kind = JsonNode::Kind::number;
      node.number = static_cast<double>(whole->get());
      node.text = std::to_string(whole->get());
    } else if (const auto* real = from.as_floating_point()) {
      std::ostringstream spelled;
      spelled.imbue(std::locale::classic());
      spelled << real->get();
      node.text = spelled.str();
      node.number = real->get();
      const bool plain = node.number - node.number == 0;  // neither inf nor nan
      node.kind = plain ? JsonNode::Kind::number : JsonNode::Kind::string;
    } else {
      node.kind = JsonNode::Kind::string;
      node.text = "a date or time";
    }
    return node;
  }

  std::vector<JsonProblem>& problems_;
  std::size_t values_ = 0;
};

}  // namespace

JsonDocument parse_toml(std::string_view text) {
  JsonDocument document;
  if (text.size() > kTomlMaxBytes) {
    document.problems.push_back({{}, "", "over " + std::to_string(kTomlMaxBytes >> 20) + " MiB of TOML"});
    return document;
  }
  if (auto problem = Precheck(text).run()) {
    document.problems.push_back(std::move(*problem));
    return document;
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    document.problems.push_back({place_of(parsed.error().source().begin), "", std::string(parsed.error().description())});
    return document;
  }
  document.root = Converter(document.problems).convert(parsed.table(), "", 0);
  return document;
}

}  // namespace gateway
