/// Message and the text helpers beside nlohmann/json: the same texts accepted, the same meaning found, kept by every edit.
///
/// Where the two may differ: we mend escapes of lone surrogates, and refuse a byte order mark, a NUL byte (there nlohmann stops
/// reading), nesting beyond 128, and what the rules for messages refuse; nlohmann refuses numbers that do not fit a double.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/json/text.h"
#include "mcp/rpc/batch.h"
#include "mcp/rpc/message.h"

namespace {

using mcp::Envelope;
using mcp::Message;
using mcp::MessageKind;
using mcp::Span;
using nlohmann::json;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

struct Member {
  const char* pointer;
  Span Envelope::* span;
};

constexpr Member kMembers[] = {
    {"/id", &Envelope::id},
    {"/method", &Envelope::method},
    {"/params", &Envelope::params},
    {"/result", &Envelope::result},
    {"/error", &Envelope::error},
    {"/params/name", &Envelope::name},
    {"/params/uri", &Envelope::uri},
    {"/params/_meta", &Envelope::meta},
    {"/params/arguments", &Envelope::arguments},
    {"/params/cursor", &Envelope::cursor},
    {"/params/requestId", &Envelope::request_id},
    {"/params/progressToken", &Envelope::progress_token},
    {"/params/_meta/progressToken", &Envelope::meta_progress_token},
};

int hex4(std::string_view text, std::size_t at) {
  int unit = 0;
  if (at + 4 > text.size()) return -1;
  for (const char c : text.substr(at, 4)) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return -1;
    unit = unit * 16 + std::stoi(std::string(1, c), nullptr, 16);
  }
  return unit;
}

/// The text with every escape of a lone surrogate made that of U+FFFD.
std::string mended(std::string text) {
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at)) {
    const int unit = text[at + 1] == 'u' ? hex4(text, at + 2) : -1;
    if (unit < 0xD800 || unit > 0xDFFF) {
      at += 2;
      continue;
    }
    const int low = unit <= 0xDBFF && text.compare(at + 6, 2, "\\u") == 0 ? hex4(text, at + 8) : -1;
    const bool paired = low >= 0xDC00 && low <= 0xDFFF;
    if (!paired) text.replace(at + 2, 4, "fffd");
    at += paired ? 12 : 6;
  }
  return text;
}

/// A key as a reader sees it that ignores case and what follows a NUL at the end.
std::string folded(std::string key) {
  while (!key.empty() && key.back() == '\0')
    key.pop_back();
  for (const auto& [letter, ascii] : {std::pair<std::string, std::string>("\u017F", "s"), {"\u212A", "k"}}) {
    for (auto at = key.find(letter); at != std::string::npos; at = key.find(letter))
      key.replace(at, letter.size(), ascii);
  }
  for (char& c : key) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return key;
}

/// What nlohmann's event parser sees of a text: how deep it goes, and whether a routed member occurs twice, or something that some
/// take for one.
class Facts : public nlohmann::json_sax<json> {
 public:
  bool duplicate = false, lookalike = false, out_of_range = false;
  std::size_t max_depth = 0;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return enter(next_); }
  bool start_array(std::size_t) override { return enter("?"); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }

  bool key(string_t& name) override {
    next_ = open_.back() == "?" ? "?" : open_.back() + "/" + name;
    const bool routed =
        next_ == "/jsonrpc" || std::ranges::any_of(kMembers, [this](const Member& member) { return next_ == member.pointer; });
    if (routed && !seen_.insert(next_).second) duplicate = true;
    if (!routed && open_.back() != "?") lookalike |= looks_routed(open_.back(), name);
    if (next_ != "/params" && next_ != "/params/_meta") next_ = "?";
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    out_of_range = error.id == 406;
    return false;
  }

 private:
  static bool looks_routed(const std::string& parent, const std::string& name) {
    if (parent.empty() && folded(name) == "jsonrpc") return true;
    return std::ranges::any_of(kMembers, [&](const Member& member) {
      const std::string_view path = member.pointer;
      const auto slash = path.rfind('/');
      return path.substr(0, slash) == parent && folded(name) == folded(std::string(path.substr(slash + 1)));
    });
  }

  bool enter(std::string path) {
    open_.push_back(std::move(path));
    max_depth = std::max(max_depth, open_.size());
    next_ = "?";
    return true;
  }

  bool leave() {
    open_.pop_back();
    next_ = "?";
    return true;
  }

  std::vector<std::string> open_;  // the path of each open container, "?" where no member is routed
  std::string next_;               // the path of the value that comes next
  std::set<std::string> seen_;
};

bool is_id(const json& value) {
  return value.is_string() || value.is_number();
}

/// The rules for messages, said once more.
bool is_message(const json& value, MessageKind& kind) {
  if (!value.is_object() || !value.contains("jsonrpc") || value["jsonrpc"] != "2.0") return false;
  const bool has_id = value.contains("id"), has_result = value.contains("result"), has_error = value.contains("error");
  if (value.contains("params") && !value["params"].is_object()) return false;
  if (value.contains("method")) {
    kind = has_id ? MessageKind::request : MessageKind::notification;
    return value["method"].is_string() && !has_result && !has_error && (!has_id || is_id(value["id"]));
  }
  kind = MessageKind::response;
  if (has_result == has_error) return false;
  if (has_result) return has_id && is_id(value["id"]);
  return value["error"].is_object() && (!has_id || is_id(value["id"]) || value["id"].is_null());
}

std::string string_at(const json& value, const char* pointer) {
  const json::json_pointer at(pointer);
  return value.contains(at) && value[at].is_string() ? value[at].get<std::string>() : std::string();
}

void check_meaning(const Message& message, const json& expected) {
  require(json::parse(message.text()) == expected, "the text means what it should");
  require(message.text().find_first_of("\r\n") == std::string_view::npos, "the text is one line");
  for (const Member& member : kMembers) {
    const Span span = message.envelope().*member.span;
    const json::json_pointer at(member.pointer);
    require(span.present() == expected.contains(at), member.pointer);
    if (span.present()) require(json::parse(message.raw(span)) == expected[at], member.pointer);
  }
  require(message.method() == string_at(expected, "/method"), "method() is decoded");
  require(message.name() == string_at(expected, "/params/name"), "name() is decoded");
}

std::string random_value(std::mt19937& random) {
  if (random() % 3 == 0) return std::to_string(random() >> (random() % 32));
  std::string text(random() % 40, 'x');
  for (char& c : text) {
    if (random() % 6 == 0) c = static_cast<char>(random());
  }
  return mcp::json_string(text);
}

void check_edits(Message message, json expected, std::mt19937& random) {
  constexpr Member kEdited[] = {
      {"/id", &Envelope::id}, {"/params/name", &Envelope::name}, {"/params/_meta/progressToken", &Envelope::meta_progress_token}};
  for (int i = 0; i < 6; ++i) {
    const Member& member = kEdited[random() % std::size(kEdited)];
    const std::string value = random_value(random);
    message.replace(member.span, value);
    if (const json::json_pointer at(member.pointer); expected.contains(at)) expected[at] = json::parse(value);
    check_meaning(message, expected);
  }
  const Message copy = message.clone();
  check_meaning(copy, expected);
  require(std::move(message).take_text() == copy.text(), "take_text() gives the text");
}

void check_helpers(std::string_view text, const json& expected) {
  std::map<std::string, std::string_view> members;
  mcp::for_each_member(text, [&](std::string_view key, std::string_view value) {
    members[mcp::decode_json_string("\"" + std::string(key) + "\"")] = value;
    return true;
  });
  require(members.size() == (expected.is_object() ? expected.size() : 0), "for_each_member finds all members");
  for (const auto& [key, value] : members)
    require(json::parse(value) == expected[key], "for_each_member finds the value");
  const auto found = mcp::elements(text);
  require(found.size() == (expected.is_array() ? expected.size() : 0), "elements finds all elements");
  for (std::size_t i = 0; i < found.size(); ++i)
    require(json::parse(found[i]) == expected[i], "elements finds the value");
  require(json::parse(mcp::json_string(text)) == text, "json_string reads back");
}

/// `valid`: JSON, and not too deep. `taken` is the text as it came.
void check_batch(std::string taken, const std::string& text, bool valid) {
  constexpr std::size_t kLimit = 20;
  const auto split = mcp::split_batch(taken, kLimit);
  if (!split) {
    if (!valid) return;
    const json value = json::parse(text);
    require(!value.is_array() || value.empty() || value.size() > kLimit, "there is a reason to refuse the batch");
    require(split.error().code == mcp::ErrorCode::invalid_request, "JSON that is no batch is an invalid request");
    return;
  }
  require(valid && mcp::is_batch(text), "only JSON is a batch");
  const json value = json::parse(text);
  require(value.is_array() && value.size() == split->size(), "split_batch finds all elements");
  for (std::size_t i = 0; i < split->size(); ++i) {
    require(json::parse(split->at(i)) == value[i], "split_batch finds the element");
    require(split->at(i).find_first_of("\r\n") == std::string_view::npos, "an element is one line");
  }
}

void check_refusal(const mcp::Error& error, std::string_view text, const Facts& facts, bool valid) {
  if (facts.max_depth > 128) {
    require(error.code == mcp::ErrorCode::invalid_request, "too deep is an invalid request");
    return;
  }
  require((error.code == mcp::ErrorCode::parse_error) == !valid, "parse_error means no JSON");
  if (!valid) return;
  const json value = json::parse(text);
  const bool escaped = error.message.contains("spelled with escapes");
  require(!escaped || text.contains('\\'), "there is an escape");
  require(!error.message.contains("occurs twice") || facts.duplicate, "there is a duplicate");
  require(!error.message.contains("spelled in another way") || facts.lookalike, "there is a lookalike");
  MessageKind kind{};
  require(escaped || facts.duplicate || facts.lookalike || !is_message(value, kind), "there is a reason to refuse");
  if (!error.data.empty()) require(json::parse(error.data) == value["id"] && is_id(value["id"]), "data is the id");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string taken(data, data + size);
  const std::string text = mended(taken);
  auto message = Message::parse(std::move(taken));
  require(message || taken.size() == size, "what is refused is given back");
  const bool valid_for_us = mcp::validate_json(text).has_value();
  require(valid_for_us || !message, "validate_json and parse agree");
  if (text.contains('\0') || text.starts_with("\xEF\xBB\xBF")) {
    require(!valid_for_us, "no NUL, no byte order mark");
    return 0;
  }
  Facts facts;
  const bool valid = json::sax_parse(text, &facts);
  if (facts.out_of_range) return 0;
  require(valid_for_us == (valid && facts.max_depth <= 128), "the same texts are JSON");
  if (valid_for_us) check_helpers(text, json::parse(text));
  check_batch(std::string(data, data + size), text, valid_for_us);
  if (!message) {
    check_refusal(message.error(), text, facts, valid);
    return 0;
  }
  const json expected = json::parse(text);
  MessageKind kind{};
  require(!facts.duplicate && !facts.lookalike && is_message(expected, kind), "what is accepted follows the rules");
  require(message->kind() == kind, "the kind is right");
  check_meaning(*message, expected);
  std::mt19937 random(static_cast<unsigned>(std::hash<std::string>()(text)));
  check_edits(std::move(*message), expected, random);
  return 0;
}
