#include "mcp/schema/uri.h"

#include <cctype>

namespace mcp::schema {
namespace {

struct Parts {
  std::string_view scheme, authority, path, query, fragment;  // each with its delimiter ("http:", "//host", "?q", "#f"), or empty
};

std::string_view take_scheme(std::string_view& text) {
  const std::size_t end = text.find_first_of(":/?#");
  if (end == std::string_view::npos || end == 0 || text[end] != ':' || std::isalpha(static_cast<unsigned char>(text[0])) == 0)
    return {};
  const std::string_view scheme = text.substr(0, end + 1);
  text.remove_prefix(end + 1);
  return scheme;
}

std::string_view take_tail(std::string_view& text, char delimiter) {
  const std::size_t begin = text.find(delimiter);
  if (begin == std::string_view::npos) return {};
  const std::string_view tail = text.substr(begin);
  text = text.substr(0, begin);
  return tail;
}

Parts split(std::string_view text) {
  Parts parts;
  parts.fragment = take_tail(text, '#');
  parts.query = take_tail(text, '?');
  parts.scheme = take_scheme(text);
  if (text.starts_with("//")) {
    parts.authority = text.substr(0, text.find('/', 2));
    text.remove_prefix(parts.authority.size());
  }
  parts.path = text;
  return parts;
}

/// RFC 3986 section 5.2.4, segment by segment.
std::string remove_dots(std::string_view path) {
  std::string out;
  const auto drop_segment = [&] { out.erase(out.find_last_of('/') == std::string::npos ? 0 : out.find_last_of('/')); };
  while (!path.empty()) {
    const std::size_t end = path.find('/', 1);
    std::string_view segment = path.substr(0, end);
    path.remove_prefix(segment.size());
    const std::string_view name = segment.starts_with('/') ? segment.substr(1) : segment;
    if (name == "." || name == "..") {
      if (name == "..") drop_segment();
      if (path.empty() && segment.starts_with('/')) out += '/';
      if (!segment.starts_with('/') && path.starts_with('/')) path.remove_prefix(1);
    } else {
      out += segment;
    }
  }
  return out;
}

std::string merge(const Parts& base, std::string_view path) {
  if (!base.authority.empty() && base.path.empty()) return "/" + std::string(path);
  const std::size_t slash = base.path.rfind('/');
  if (slash == std::string_view::npos) return std::string(path);
  return std::string(base.path.substr(0, slash + 1)) + std::string(path);
}

std::string join(std::string_view scheme, std::string_view authority, std::string_view path, const Parts& rest) {
  std::string out(scheme);
  out += authority;
  out += path;
  out += rest.query;
  out += rest.fragment;
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool whole = text[i] == '%' && i + 2 < text.size();
    const int high = whole ? hex_value(text[i + 1]) : -1, low = whole ? hex_value(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
  const Parts from = split(base);
  Parts to = split(reference);
  if (!to.scheme.empty())
    return join(to.scheme, to.authority, to.authority.empty() ? std::string(to.path) : remove_dots(to.path), to);
  if (!to.authority.empty()) return join(from.scheme, to.authority, remove_dots(to.path), to);
  if (to.path.empty()) {
    if (to.query.empty()) to.query = from.query;
    return join(from.scheme, from.authority, from.path, to);
  }
  const std::string path = to.path.starts_with('/') ? std::string(to.path) : merge(from, to.path);
  return join(from.scheme, from.authority, remove_dots(path), to);
}

Reference resolve_reference(std::string_view base, std::string_view reference) {
  const std::string whole = resolve_uri(base, reference);
  const std::size_t mark = whole.find('#');
  if (mark == std::string::npos) return {.resource = whole, .fragment = ""};
  return {.resource = whole.substr(0, mark), .fragment = unescape(std::string_view(whole).substr(mark + 1))};
}

}  // namespace mcp::schema
