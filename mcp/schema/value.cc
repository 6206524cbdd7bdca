#include "mcp/schema/value.h"

#include <algorithm>
#include <charconv>
#include <ranges>

#include "mcp/json/scanner.h"
#include "mcp/json/text.h"

namespace mcp::schema {

/// Builds the values while the scanner checks the text. Recursion ends at the scanner's depth.
class DocumentReader {
 public:
  DocumentReader(Document& document, std::string_view what, const DocumentLimits& limits)
      : document_(document),
        what_(what),
        limits_(limits),
        scanner_(document.text_.data(), document.text_.data() + document.text_.size(), limits.depth) {}

  Result<> read() {
    scanner_.skip_space();
    if (read_value(document_.root_) && scanner_.finish()) {
      link(document_.root_);
      return {};
    }
    if (!problem_.message.empty()) return std::unexpected(std::move(problem_));
    const std::string where = std::string(scanner_.problem()) + " at byte " + std::to_string(scanner_.position());
    if (scanner_.too_deep()) return fail(ErrorCode::invalid_request, what_ + " is " + where + ".");
    return fail(ErrorCode::parse_error, what_ + " is not valid JSON: " + where + ".");
  }

 private:
  bool read_value(Value& value) {
    if (++document_.count_ > limits_.values) {
      return refuse(ErrorCode::too_large, "has more than " + std::to_string(limits_.values) + " values.");
    }
    switch (scanner_.peek()) {
      case '{':
        return read_object(value);
      case '[':
        value.kind = Value::Kind::array;
        return scanner_.array([&] { return read_value(value.items.emplace_back()); });
      default:
        return read_scalar(value);
    }
  }

  bool read_object(Value& value) {
    value.kind = Value::Kind::object;
    const auto on_member = [&](const JsonKey& key) {
      const std::string_view name = key.has_escapes ? decode(key.text) : key.text;
      Value& child = value.items.emplace_back();
      child.key = name;
      return read_value(child);
    };
    if (!scanner_.object(on_member)) return false;
    std::ranges::sort(value.items, {}, &Value::key);
    const auto twice = std::ranges::adjacent_find(value.items, {}, &Value::key);
    if (twice == value.items.end()) return true;
    Value name{.kind = Value::Kind::string, .text = twice->key};
    return refuse(ErrorCode::invalid_request, "has a member twice in one object: " + shorten(name) + ".");
  }

  bool read_scalar(Value& value) {
    const std::size_t begin = scanner_.position();
    const char first = scanner_.peek();
    if (!scanner_.value()) return false;
    const std::string_view text = std::string_view(document_.text_).substr(begin, scanner_.position() - begin);
    switch (first) {
      case '"': {
        const std::string_view inner = text.substr(1, text.size() - 2);
        value.kind = Value::Kind::string;
        value.text = inner.contains('\\') ? decode(inner) : inner;
        break;
      }
      case 't':
      case 'f':
        value.kind = Value::Kind::boolean;
        value.truth = first == 't';
        break;
      case 'n':
        break;
      default:
        value.kind = Value::Kind::number;
        value.text = text;
    }
    return true;
  }

  std::string_view decode(std::string_view inner) {
    return document_.decoded_.emplace_back(decode_json_string("\"" + std::string(inner) + "\""));
  }

  bool refuse(ErrorCode code, const std::string& problem) {
    problem_ = Error{.code = code, .message = what_ + " " + problem};
    return false;
  }

  static void link(Value& value) {
    for (Value& child : value.items) {
      child.parent = &value;
      link(child);
    }
  }

  Document& document_;
  std::string what_;
  const DocumentLimits& limits_;
  JsonScanner<const char> scanner_;
  Error problem_;
};

Result<std::unique_ptr<const Document>> Document::parse(std::string_view text,
                                                        std::string_view what,
                                                        const DocumentLimits& limits) {
  if (text.size() > limits.bytes) {
    return fail(ErrorCode::too_large, std::string(what) + " has more than " + std::to_string(limits.bytes) + " bytes.");
  }
  std::unique_ptr<Document> document(new Document);
  document->text_ = text;
  if (auto read = DocumentReader(*document, what, limits).read(); !read) return std::unexpected(std::move(read.error()));
  return document;
}

std::size_t Document::memory() const {
  std::size_t bytes = text_.capacity() + 2 * count_ * sizeof(Value);  // lists grow by doubling
  for (const std::string& text : decoded_)
    bytes += sizeof(std::string) + text.capacity();
  return bytes;
}

const Value* Value::find(std::string_view name) const {
  if (kind != Kind::object) return nullptr;
  const auto found = std::ranges::lower_bound(items, name, {}, &Value::key);
  return found != items.end() && found->key == name ? &*found : nullptr;
}

namespace {

void append_pointer_token(std::string& out, std::string_view token) {
  for (const char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
}

void append_json(std::string& out, const Value& value, std::size_t most);

void append_children(std::string& out, const Value& value, std::size_t most) {
  const bool is_object = value.is(Value::Kind::object);
  out += is_object ? '{' : '[';
  for (const Value& child : value.items) {
    if (out.size() > most) return;
    if (&child != value.items.data()) out += ',';
    if (is_object) {
      append_json_string(out, child.key.substr(0, most + 4));
      out += ':';
    }
    append_json(out, child, most);
  }
  out += is_object ? '}' : ']';
}

/// Stops adding once `out` is long enough; what was added last may be longer.
void append_json(std::string& out, const Value& value, std::size_t most) {
  switch (value.kind) {
    case Value::Kind::null:
      out += "null";
      break;
    case Value::Kind::boolean:
      out += value.truth ? "true" : "false";
      break;
    case Value::Kind::number:
      out += value.text.substr(0, most + 1);
      break;
    case Value::Kind::string:
      append_json_string(out, value.text.substr(0, most + 4));
      break;
    default:
      append_children(out, value, most);
  }
}

}  // namespace

std::string pointer_to(const Value& value) {
  std::vector<const Value*> path;
  for (const Value* at = &value; at->parent != nullptr; at = at->parent)
    path.push_back(at);
  std::string pointer;
  for (const Value* at : std::views::reverse(path)) {
    pointer += '/';
    if (at->parent->is(Value::Kind::object)) {
      append_pointer_token(pointer, at->key);
    } else {
      pointer += std::to_string(at->index());
    }
  }
  return pointer;
}

const Value* child_at(const Value& value, std::string_view token) {
  if (!value.is(Value::Kind::array)) return value.find(token);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool is_index = error == std::errc() && end == token.data() + token.size() && (token.size() == 1 || token.front() != '0');
  return is_index && index < value.items.size() ? &value.items[index] : nullptr;
}

std::string unescape_pointer_token(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const char next = i + 1 < token.size() ? token[i + 1] : '\0';
    if (token[i] == '~' && (next == '0' || next == '1')) {
      out += next == '0' ? '~' : '/';
      ++i;
    } else {
      out += token[i];
    }
  }
  return out;
}

std::string shorten(const Value& value, std::size_t most) {
  std::string out;
  append_json(out, value, most);
  return shorten_text(std::move(out), most);
}

std::string shorten_text(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
    --most;
  text.resize(most);
  return text + "…";
}

std::string_view to_string(Value::Kind kind) {
  constexpr std::string_view kNames[] = {"null", "boolean", "number", "string", "array", "object"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace mcp::schema
