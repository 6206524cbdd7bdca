#include "mcp/json/text.h"

#include "mcp/json/chars.h"
#include "mcp/json/scanner.h"

namespace mcp {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escaped(std::string& out, unsigned char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '\\';
  if (c == '"' || c == '\\') {
    out += static_cast<char>(c);
  } else if (c >= '\b' && c <= '\r' && c != '\v') {
    out += "btn?fr"[c - '\b'];
  } else {
    out += "u00";
    out += kHex[c >> 4];
    out += kHex[c & 15];
  }
}

void append_utf8(std::string& out, unsigned code_point) {
  const auto continuation = [&](int shift) { out += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    continuation(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0 | (code_point >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

/// `p` stands behind the "\u"; the result behind what was decoded.
const char* append_unicode_escape(std::string& out, const char* p, const char* end) {
  const int unit = hex4(p, end);
  if (unit < 0) {
    out += kReplacement;
    return p;
  }
  p += 4;
  if (unit >= 0xD800 && unit <= 0xDBFF && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
    const int low = hex4(p + 2, end);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      append_utf8(out, 0x10000U + (static_cast<unsigned>(unit - 0xD800) << 10) + static_cast<unsigned>(low - 0xDC00));
      return p + 6;
    }
  }
  if (unit >= 0xD800 && unit <= 0xDFFF) {
    out += kReplacement;
  } else {
    append_utf8(out, static_cast<unsigned>(unit));
  }
  return p;
}

/// `p` stands behind the backslash.
const char* append_unescaped(std::string& out, const char* p, const char* end) {
  switch (*p) {
    case 'b':
      out += '\b';
      break;
    case 'f':
      out += '\f';
      break;
    case 'n':
      out += '\n';
      break;
    case 'r':
      out += '\r';
      break;
    case 't':
      out += '\t';
      break;
    case 'u':
      return append_unicode_escape(out, p + 1, end);
    default:
      out += *p;
  }
  return p + 1;
}

JsonScanner<const char> scanner_of(std::string_view text, int max_depth = kMaxJsonDepth) {
  return {text.data(), text.data() + text.size(), max_depth};
}

/// Steps over one value and returns its text.
bool read_value(JsonScanner<const char>& scanner, std::string_view text, std::string_view& value) {
  const std::size_t begin = scanner.position();
  if (!scanner.value()) return false;
  value = text.substr(begin, scanner.position() - begin);
  return true;
}

template <class Visit>
void visit_members(std::string_view object, Visit&& visit) {
  auto scanner = scanner_of(object);
  scanner.skip_space();
  if (scanner.peek() != '{') return;
  scanner.object([&](const JsonKey& key) {
    std::string_view value;
    return read_value(scanner, object, value) && visit(key, value);
  });
}

}  // namespace

void append_json_string(std::string& out, std::string_view value) {
  out.reserve(out.size() + value.size() + 2);
  out += '"';
  const char* p = value.data();
  const char* const end = p + value.size();
  while (true) {
    const char* plain = p;
    p = skip_plain(p, end);
    out.append(plain, p);
    if (p == end) break;
    const auto c = static_cast<unsigned char>(*p);
    if (c < 0x80) {
      append_escaped(out, c);
      ++p;
    } else if (const int length = utf8_sequence(p, end); length != 0) {
      out.append(p, static_cast<std::size_t>(length));
      p += length;
    } else {
      out += kReplacement;
      ++p;
    }
  }
  out += '"';
}

std::string json_string(std::string_view value) {
  std::string out;
  append_json_string(out, value);
  return out;
}

std::string decode_json_string(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.front() != '"') return {};
  const std::string_view inner = quoted.substr(1, quoted.size() - 2);
  std::string out;
  out.reserve(inner.size());
  const char* p = inner.data();
  const char* const end = p + inner.size();
  while (p != end) {
    const auto* escape = static_cast<const char*>(std::memchr(p, '\\', static_cast<std::size_t>(end - p)));
    out.append(p, escape != nullptr ? escape : end);
    if (escape == nullptr || escape + 1 == end) break;
    p = append_unescaped(out, escape + 1, end);
  }
  return out;
}

void for_each_member(std::string_view object, const std::function<bool(std::string_view key, std::string_view value)>& visit) {
  visit_members(object, [&](const JsonKey& key, std::string_view value) { return visit(key.text, value); });
}

std::string_view member(std::string_view object, std::string_view name) {
  std::string_view found;
  visit_members(object, [&](const JsonKey& key, std::string_view value) {
    if (key.has_escapes || key.text != name) return true;
    found = value;
    return false;
  });
  return found;
}

std::string string_member(std::string_view object, std::string_view name) {
  return decode_json_string(member(object, name));
}

bool key_is(std::string_view key, std::string_view name) {
  return key == name || (key.contains('\\') && decode_json_string("\"" + std::string(key) + "\"") == name);
}

std::string_view find_member(std::string_view object, std::string_view name) {
  std::string_view found;
  visit_members(object, [&](const JsonKey& key, std::string_view value) {
    if (!key_is(key.text, name)) return true;
    found = value;
    return false;
  });
  return found;
}

std::vector<std::string_view> elements(std::string_view array) {
  std::vector<std::string_view> found;
  auto scanner = scanner_of(array);
  scanner.skip_space();
  if (scanner.peek() != '[') return found;
  scanner.array([&] {
    std::string_view value;
    if (!read_value(scanner, array, value)) return false;
    found.push_back(value);
    return true;
  });
  return found;
}

Result<> validate_json(std::string_view text, int max_depth) {
  auto scanner = scanner_of(text, max_depth);
  scanner.skip_space();
  if (scanner.value() && scanner.finish()) return {};
  const std::string where = std::string(scanner.problem()) + " at byte " + std::to_string(scanner.position());
  if (scanner.too_deep()) return fail(ErrorCode::invalid_request, "The JSON text is " + where + ".");
  return fail(ErrorCode::parse_error, "The text is not valid JSON: " + where + ".");
}

}  // namespace mcp
