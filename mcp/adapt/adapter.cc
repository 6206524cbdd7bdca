#include "mcp/adapt/adapter.h"

#include <algorithm>
#include <utility>

#include "mcp/json/text.h"

namespace mcp {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::string decode_key(std::string_view key) {
  return key.contains('\\') ? decode_json_string(between(key.data() - 1, key.data() + key.size() + 1)) : std::string(key);
}

bool is_empty(std::string_view container) {
  return container.substr(1, container.size() - 2).find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

void Adapter::members(std::string_view object, const Keep& keep) {
  const char* kept_end = nullptr;  // of the last member, where one before it stays
  const char* cut_from = nullptr;  // members in front of the first that stays
  const char* last_end = nullptr;
  for_each_member(object, [&](std::string_view key, std::string_view value) {
    const char* const begin = key.data() - 1;
    const char* const end = value.data() + value.size();
    if (keep(decode_key(key), value, between(begin, end))) {
      if (cut_from != nullptr) replace(between(std::exchange(cut_from, nullptr), begin), "");
      kept_end = end;
    } else if (kept_end != nullptr) {
      replace(between(std::exchange(kept_end, end), end), "");
    } else if (cut_from == nullptr) {
      cut_from = begin;
    }
    last_end = end;
    return true;
  });
  if (cut_from != nullptr) replace(between(cut_from, last_end), "");
}

bool Adapter::adapt_member(Shape shape, std::string_view key, std::string_view value) {
  const auto rule = std::ranges::find(shape, key, &MemberRule::name);
  if (rule == shape.end()) return true;
  if (rule->since > to_) return false;
  if (rule->adapt != nullptr) rule->adapt(*this, value);
  return true;
}

bool Adapter::knows_all(Shape shape) const {
  return std::ranges::all_of(
      shape, [this](const MemberRule& rule) { return rule.since <= to_ && (rule.adapt == nullptr || rule.newest <= to_); });
}

void Adapter::object(std::string_view value, Shape shape) {
  if (knows_all(shape)) return;  // most values are long, and most readers know them
  members(value, [&](std::string_view key, std::string_view member_value, std::string_view) {
    return adapt_member(shape, key, member_value);
  });
}

void Adapter::array(std::string_view value, AdaptValue adapt_element) {
  for (const std::string_view element : elements(value)) {
    adapt_element(*this, element);
  }
}

void Adapter::insert_first(std::string_view object, std::string written) {
  if (!is_empty(object)) written += ',';
  replace(object.substr(1, 0), std::move(written));
}

void Adapter::append_element(std::string_view array, std::string json) {
  if (!is_empty(array)) json.insert(0, ",");
  replace(array.substr(array.size() - 1, 0), std::move(json));
}

void Adapter::refuse(ErrorCode code, std::string reason) {
  if (!refusal_) refusal_ = Error{.code = code, .message = std::move(reason)};
}

}  // namespace mcp
