// Random changes of random texts, whose values and comments are known because they were made up here.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gateway/config/jsonc_edit.h"
#include "gateway/config/jsonc_write.h"

namespace gateway {
namespace {

using Json = nlohmann::ordered_json;
using Path = std::vector<std::string>;

/// A comment of a text: within which value it stands, and to which element of that it belongs.
struct KnownComment {
  Path inside;
  Path owner;         // empty: nobody's
  bool goes = false;  // with its owner for certain; else it may
};

class TextMaker {
 public:
  explicit TextMaker(unsigned seed) : random_(seed) {
    line_break_ = chance(4) ? "\r\n" : "\n";
    indent_ = chance(3) ? "\t" : std::string(chance(2) ? 2 : 4, ' ');
    trailing_ = chance(2);
  }

  std::string document() {
    std::string text = chance(5) ? "\xEF\xBB\xBF" : "";
    if (chance(2)) text += "// " + comment({}, {}, false) + line_break_;
    value = object({}, 0, !chance(4));
    text += take();
    if (chance(2)) text += line_break_;
    if (chance(3)) text += "/* " + comment({}, {}, false) + " */";
    return text;
  }

  bool chance(unsigned of) { return random_() % of == 0; }
  std::size_t below(std::size_t bound) { return random_() % bound; }

  Json value;
  std::map<std::string, KnownComment> comments;
  int next = 0;  // for names that are there once

 private:
  std::string take() { return std::exchange(out_, ""); }

  std::string comment(const Path& inside, const Path& owner, bool goes) {
    std::string name = "#" + std::to_string(comments.size()) + "#";
    comments[name] = {inside, owner, goes};
    return name;
  }

  void line(const std::string& text, int depth) {
    out_ += line_break_;
    for (int i = 0; i < depth; ++i)
      out_ += indent_;
    out_ += text;
  }

  std::string block(const std::string& text) { return chance(3) ? "/*" + text + line_break_ + "*/" : "/* " + text + " */"; }

  Json scalar() {
    static const std::vector<Json> kScalars = {1, -2.5, true, false, nullptr, "", "// no /* comment", "q\"\\,}", "ä😀", "}"};
    const Json& one = kScalars[below(kScalars.size())];
    out_ += one.dump();
    return one;
  }

  Json any(const Path& path, int depth, bool lines) {
    if (depth > 3 || chance(2)) return scalar();
    return chance(3) ? array(path, depth, lines && !chance(3)) : object(path, depth, lines && !chance(3));
  }

  void before_element(const Path& path, const Path& own, int depth, bool lines, bool first) {
    if (!lines) {
      if (!first && chance(6)) out_ += "/*" + comment(path, own, false) + "*/";
      if (chance(2)) out_ += " ";
      return;
    }
    if (chance(4)) {
      out_ += line_break_;
      line("// " + comment(path, {}, false), depth);
      out_ += line_break_;
    }
    if (chance(4)) line("// " + comment(path, own, true), depth);
    if (chance(5)) line(block(comment(path, own, true)), depth);
    line("", depth);
  }

  void behind_element(const Path& path, const Path& own, bool lines, bool last) {
    if (chance(8)) out_ += " /* " + comment(path, own, lines) + " */";
    if (!last || (lines ? trailing_ : chance(4))) out_ += ",";
    if (lines && chance(4)) out_ += (chance(2) ? " // " : "// ") + comment(path, own, true);
    if (!lines && chance(3)) out_ += " ";
  }

  void end_container(const Path& path, int depth, bool lines, const char* bracket) {
    if (!lines) {
      out_ += bracket;
      return;
    }
    if (chance(5)) line("// " + comment(path, {}, false), depth + 1);
    if (chance(9)) out_ += line_break_;
    line(bracket, depth);
  }

  void begin_container(const Path& path, bool lines, const char* bracket) {
    out_ += bracket;
    if (lines && chance(8)) out_ += " // " + comment(path, {}, false);
  }

  Json object(const Path& path, int depth, bool lines) {
    Json json = Json::object();
    begin_container(path, lines, "{");
    const std::size_t count = below(5);
    for (std::size_t i = 0; i < count; ++i) {
      Path own = path;
      own.push_back(std::string(1, static_cast<char>('a' + i)) + (chance(5) ? "\"/ü" : ""));
      before_element(path, own, depth + 1, lines, i == 0);
      out_ += Json(own.back()).dump() + (chance(5) ? ":" : ": ");
      json[own.back()] = any(own, depth + 1, lines);
      behind_element(path, own, lines, i + 1 == count);
    }
    end_container(path, depth, lines, "}");
    return json;
  }

  Json array(const Path& path, int depth, bool lines) {
    Json json = Json::array();
    begin_container(path, lines, "[");
    const std::size_t count = below(4);
    for (std::size_t i = 0; i < count; ++i) {
      Path own = path;
      own.push_back("[" + std::to_string(i) + "]");
      before_element(path, own, depth + 1, lines, i == 0);
      json.push_back(any(own, depth + 1, lines));
      behind_element(path, own, lines, i + 1 == count);
    }
    end_container(path, depth, lines, "]");
    return json;
  }

  std::mt19937 random_;
  std::string line_break_, indent_, out_;
  bool trailing_ = false;
};

Json json_of(const JsonNode& node) {
  switch (node.kind) {
    case JsonNode::Kind::null:
      return nullptr;
    case JsonNode::Kind::boolean:
      return node.boolean;
    case JsonNode::Kind::number:
      return Json::parse(node.text);
    case JsonNode::Kind::string:
      return node.text;
    case JsonNode::Kind::array: {
      Json json = Json::array();
      for (const JsonNode& item : node.items)
        json.push_back(json_of(item));
      return json;
    }
    case JsonNode::Kind::object:
      break;
  }
  Json json = Json::object();
  for (const JsonMember& member : node.members)
    json[member.key] = json_of(member.value);
  return json;
}

/// The paths of all objects, or all arrays, that are reached by keys alone.
void collect(const Json& json, const Path& here, bool arrays, std::vector<Path>& found) {
  if (arrays ? json.is_array() : json.is_object()) found.push_back(here);
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    Path below = here;
    below.push_back(key);
    collect(value, below, arrays, found);
  }
}

Json& at(Json& json, const Path& path) {
  Json* there = &json;
  for (const std::string& key : path)
    there = &(*there)[key];
  return *there;
}

bool starts_with(const Path& path, const Path& prefix) {
  return path.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

bool is_subsequence(const std::string& part, const std::string& whole) {
  std::size_t i = 0;
  for (const char c : whole) {
    if (i < part.size() && part[i] == c) ++i;
  }
  return i == part.size();
}

std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return text;
}

/// One random change, made to the text and to the value that is known.
class Change {
 public:
  Change(TextMaker& maker, JsoncEditor& editor) : maker_(maker), editor_(editor), before_(editor.text()) {}

  mcp::Result<> make() {
    std::vector<Path> objects, arrays;
    collect(maker_.value, {}, false, objects);
    collect(maker_.value, {}, true, arrays);
    if (!arrays.empty() && maker_.chance(3)) return change_array(arrays[maker_.below(arrays.size())]);
    return change_object(objects[maker_.below(objects.size())]);
  }

  /// What is wrong with the outcome, or "".
  std::string problem() const {
    if (json_of(editor_.root()) != maker_.value || json_of(editor_.root()).dump() != maker_.value.dump()) return "the value";
    for (const auto& [name, known] : maker_.comments) {
      const bool there = editor_.text().contains(name);
      const bool inside = !gone_.empty() && starts_with(known.inside, gone_);
      const bool owned = takes_owned_ && !gone_.empty() && known.owner == gone_;
      if (!there && !inside && !owned) return "comment " + name + " is gone";
      if (there && (inside || (owned && known.goes))) return "comment " + name + " is still there";
    }
    if (adds_ && !is_subsequence(without_blanks(before_), editor_.text())) return "what was there before";
    if (takes_owned_ && !is_subsequence(editor_.text(), before_)) return "what is left";
    if (editor_.text().contains("\r\n") && !before_.contains("\r\n")) return "line ends";
    return "";
  }

 private:
  JsonNode some_value(Json& json) {
    if (maker_.chance(3)) {
      json = true;
      return json_boolean(true);
    }
    json = {{"command", "n\u00e9 \"x\""}, {"args", {"-y", "//"}}, {"env", {{"A", "1"}}}, {"none", Json::object()}};
    return json_object({{"command", json_text("n\u00e9 \"x\"")},
                        {"args", json_array({"-y", "//"})},
                        {"env", json_object({{"A", json_text("1")}})},
                        {"none", json_object()}});
  }

  mcp::Result<> change_object(Path path) {
    Json& object = at(maker_.value, path);
    Json json;
    if (object.empty() || maker_.chance(3)) {
      adds_ = true;
      const std::string key = "new" + std::to_string(maker_.next++);
      path.push_back(key);
      const JsonNode value = some_value(json);
      const bool deep = maker_.chance(3);
      if (deep) path.push_back("deep");
      object[key] = deep ? Json{{"deep", json}} : json;
      return editor_.set(path, value);
    }
    const auto member = std::next(object.begin(), static_cast<std::ptrdiff_t>(maker_.below(object.size())));
    path.push_back(member.key());
    gone_ = path;
    if (maker_.chance(3)) {
      const JsonNode value = some_value(json);
      if (member.value() == json) gone_.clear();
      member.value() = json;
      return editor_.set(path, value);
    }
    takes_owned_ = true;
    object.erase(path.back());
    return editor_.remove(path);
  }

  mcp::Result<> change_array(const Path& path) {
    Json& array = at(maker_.value, path);
    if (array.empty() || maker_.chance(3)) {
      adds_ = true;
      array.push_back("new");
      return editor_.append(path, json_text("new"));
    }
    const std::size_t index = maker_.below(array.size());
    gone_ = path;
    gone_.push_back("[" + std::to_string(index) + "]");
    takes_owned_ = true;
    array.erase(index);
    return editor_.remove_item(path, index);
  }

  TextMaker& maker_;
  JsoncEditor& editor_;
  std::string before_;
  Path gone_;                 // what was taken out, or whose value was
  bool takes_owned_ = false;  // with its own comments
  bool adds_ = false;
};

TEST(JsoncEditPropertyTest, AChangeIsThatChangeAndNothingElse) {
  for (unsigned seed = 0; seed < 4000; ++seed) {
    TextMaker maker(seed);
    const std::string text = maker.document();
    auto editor = JsoncEditor::open(text);
    ASSERT_TRUE(editor) << editor.error().message << "\n" << text;
    ASSERT_EQ(json_of(editor->root()), maker.value) << text;
    Change change(maker, *editor);
    const auto outcome = change.make();
    ASSERT_TRUE(outcome) << seed << ": " << outcome.error().message << "\n" << text;
    ASSERT_EQ(change.problem(), "") << seed << "\n" << text << "\n----\n" << editor->text();
  }
}

TEST(JsoncEditPropertyTest, ManyChangesInARow) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    TextMaker maker(seed + 10'000);
    const std::string text = maker.document();
    auto editor = JsoncEditor::open(text);
    ASSERT_TRUE(editor);
    for (int i = 0; i < 20; ++i) {
      const std::string before = editor->text();
      const auto outcome = Change(maker, *editor).make();
      ASSERT_TRUE(outcome) << seed << ": " << outcome.error().message << "\n" << before;
      ASSERT_EQ(json_of(editor->root()).dump(), maker.value.dump()) << seed << "\n" << before << "\n----\n" << editor->text();
    }
  }
}

}  // namespace
}  // namespace gateway
