#include "oauth/json_object.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace oauth {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxText = std::size_t{1} << 20;
constexpr std::size_t kMaxString = std::size_t{8} << 10;
constexpr std::size_t kMaxStrings = 1024;
constexpr int kMaxDepth = 32;

}  // namespace

mcp::Result<JsonObject> JsonObject::parse(std::string name, std::string_view text) {
  const auto bad = [&](std::string_view why) { return mcp::fail(mcp::ErrorCode::parse_error, name + std::string(why)); };
  if (text.size() > kMaxText) return bad(" is longer than 1 MiB.");
  bool deep = false;
  const auto guard = [&deep](int depth, json::parse_event_t, const json&) {
    deep = deep || depth > kMaxDepth;
    return !deep;
  };
  auto parsed = std::make_unique<json>(json::parse(text, guard, false));
  if (deep) return bad(" is nested too deeply.");
  if (!parsed->is_object()) return bad(" is no JSON object.");
  return JsonObject(std::move(name), std::move(parsed));
}

JsonObject::JsonObject(std::string name, std::unique_ptr<json> json) : name_(std::move(name)), json_(std::move(json)) {}

JsonObject::~JsonObject() = default;
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;

void JsonObject::refuse(const std::string& problem) {
  if (!error_) error_ = mcp::Error{.code = mcp::ErrorCode::invalid_request, .message = name_ + ": " + problem};
}

const json* JsonObject::find(const char* member) const {
  const auto found = json_->find(member);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

bool JsonObject::has(const char* member) const {
  return find(member) != nullptr;
}

std::string JsonObject::text(const char* member) {
  const json* value = find(member);
  if (value == nullptr) return "";
  const auto* text = value->get_ptr<const std::string*>();
  if (text == nullptr) {
    refuse(std::string(member) + " is no string.");
  } else if (text->size() > kMaxString) {
    refuse(std::string(member) + " is longer than 8 KiB.");
  } else {
    return *text;
  }
  return "";
}

bool JsonObject::truth(const char* member) {
  const json* value = find(member);
  if (value == nullptr) return false;
  const auto* truth = value->get_ptr<const bool*>();
  if (truth == nullptr) refuse(std::string(member) + " is neither true nor false.");
  return truth != nullptr && *truth;
}

std::optional<std::vector<std::string>> JsonObject::texts(const char* member) {
  const json* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) {
    refuse(std::string(member) + " is no list.");
    return std::nullopt;
  }
  std::vector<std::string> all;
  all.reserve(std::min(value->size(), kMaxStrings));
  for (const json& item : *value) {
    const auto* text = item.get_ptr<const std::string*>();
    if (text == nullptr || text->size() > kMaxString) refuse(std::string(member) + " has a member that is no string, or too long.");
    if (all.size() >= kMaxStrings) refuse(std::string(member) + " has more than 1,024 members.");
    if (error_) return std::nullopt;
    all.push_back(*text);
  }
  return all;
}

std::optional<long long> JsonObject::number(const char* member) const {
  const json* value = find(member);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<long long>::max()})
    return std::nullopt;
  if (value->is_number_integer()) return value->get<long long>();
  constexpr double kLimit = 1e15;
  const auto number = value->get<double>();
  if (number > -kLimit && number < kLimit) return static_cast<long long>(number);
  return std::nullopt;
}

}  // namespace oauth
