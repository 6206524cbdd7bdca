#pragma once

#include <cstring>
#include <string_view>

namespace bench {

/// A JSON scanner that allocates nothing and builds no tree: it finds members as raw slices, so that ids and payloads can be copied
/// as they are. It does not validate: it reads what known peers send, and returns empty views for what it cannot make sense of.

inline const char* skip_space(const char* at, const char* end) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
    ++at;
  return at;
}

/// `at` stands on the opening quote; returns the place after the closing one, or nullptr.
inline const char* skip_string(const char* at, const char* end) {
  const char* next = at + 1;
  while (next < end) {
    const auto* quote = static_cast<const char*>(memchr(next, '"', static_cast<std::size_t>(end - next)));
    if (quote == nullptr) return nullptr;
    const char* slash = quote;
    while (slash > at + 1 && slash[-1] == '\\')
      --slash;
    next = quote + 1;
    if (((quote - slash) & 1) == 0) return next;
  }
  return nullptr;
}

inline const char* skip_container(const char* at, const char* end) {
  int depth = 0;
  while (at < end) {
    const char c = *at;
    if (c == '"') {
      at = skip_string(at, end);
      if (at == nullptr) return nullptr;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
    ++at;
  }
  return nullptr;
}

inline const char* skip_value(const char* at, const char* end) {
  at = skip_space(at, end);
  if (at >= end) return nullptr;
  if (*at == '"') return skip_string(at, end);
  if (*at == '{' || *at == '[') return skip_container(at, end);
  while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ' && *at != '\n' && *at != '\r' && *at != '\t')
    ++at;
  return at;
}

/// Calls `visit(key without quotes, raw value)` for each member until it returns false. False where the text is not an object.
template <class Visitor>
bool for_each_member(std::string_view object, Visitor&& visit) {
  const char* end = object.data() + object.size();
  const char* at = skip_space(object.data(), end);
  if (at >= end || *at != '{') return false;
  ++at;
  for (;;) {
    at = skip_space(at, end);
    if (at >= end) return false;
    if (*at == '}') return true;
    if (*at == ',') {
      ++at;
      continue;
    }
    if (*at != '"') return false;
    const char* key = at + 1;
    at = skip_string(at, end);
    if (at == nullptr) return false;
    const std::string_view name(key, static_cast<std::size_t>(at - key - 1));
    at = skip_space(at, end);
    if (at >= end || *at != ':') return false;
    at = skip_space(at + 1, end);
    const char* value = at;
    at = skip_value(at, end);
    if (at == nullptr) return false;
    if (!visit(name, std::string_view(value, static_cast<std::size_t>(at - value)))) return true;
  }
}

/// The raw value of the first member of that name, or "".
inline std::string_view member(std::string_view object, std::string_view name) {
  std::string_view found;
  for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (key != name) return true;
    found = value;
    return false;
  });
  return found;
}

inline std::string_view unquote(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"') return value.substr(1, value.size() - 2);
  return value;
}

/// How many elements a raw array has; 0 for anything else.
inline std::size_t array_size(std::string_view array) {
  const char* end = array.data() + array.size();
  const char* at = skip_space(array.data(), end);
  if (at >= end || *at != '[') return 0;
  ++at;
  for (std::size_t count = 0;;) {
    at = skip_space(at, end);
    if (at >= end || *at == ']') return count;
    if (*at == ',') {
      ++at;
      continue;
    }
    at = skip_value(at, end);
    if (at == nullptr) return count;
    ++count;
  }
}

}  // namespace bench
