#include "gateway/upstream/task_text.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "mcp/json/text.h"

namespace gateway {

using mcp::Message;
using mcp::MessageKind;

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxState = std::size_t{8} << 10;  // bytes of a Task object that is kept
constexpr std::size_t kMaxMember = 200;                  // bytes of one of its members, where they are picked
constexpr double kMaxTtl = 1e12;                         // milliseconds; more is no limit

std::optional<double> number_of(std::string_view json) {
  double value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (json.empty() || error != std::errc() || end != json.data() + json.size()) return std::nullopt;
  return value;
}

/// `{"name":json` first where `json` is not "", then the object's other members.
std::string rebuilt(std::string_view object, std::string_view member, std::string_view json) {
  std::string text = "{";
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (text.size() > 1) text += ',';
    text.append("\"").append(name).append("\":").append(value);
  };
  if (!json.empty()) add(member, json);
  mcp::for_each_member(object, [&](std::string_view name, std::string_view value) {
    if (!mcp::key_is(name, member)) add(name, value);
    return true;
  });
  return text + '}';
}

/// The _meta that names the task, if there is one.
std::string_view meta_of(const Message& message) {
  if (message.kind() != MessageKind::response) return message.raw(message.envelope().meta);
  const std::string_view result = message.raw(message.envelope().result);
  // Inside a JSON string the quotes would be escaped, so this quick look finds every real member.
  const bool may = result.contains("related-task\"") || result.contains('\\');
  return may ? mcp::find_member(result, "_meta") : std::string_view();
}

}  // namespace

std::string with_json_member(std::string_view object, std::string_view member, std::string_view json) {
  return rebuilt(object, member, json);
}

std::string without_member(std::string_view object, std::string_view member) {
  return rebuilt(object, member, {});
}

std::optional<double> number_member(std::string_view object, std::string_view member) {
  return number_of(mcp::find_member(object, member));
}

std::string task_id_of(std::string_view task) {
  return mcp::decode_json_string(mcp::find_member(task, "taskId"));
}

std::string related_task(const Message& message) {
  return task_id_of(mcp::find_member(meta_of(message), kRelatedTask));
}

void set_related_task(Message& message, std::string_view id) {
  const bool response = message.kind() == MessageKind::response;
  if (response && message.is_error()) return;
  const std::string_view holder = message.raw(response ? message.envelope().result : message.envelope().params);
  if (!holder.empty() && !holder.starts_with('{')) return;
  if (id.empty() && mcp::find_member(meta_of(message), kRelatedTask).empty()) return;
  const std::string value = id.empty() ? std::string() : "{\"taskId\":" + mcp::json_string(id) + "}";
  const std::string meta = rebuilt(mcp::find_member(holder, "_meta"), kRelatedTask, value);
  const std::string next = rebuilt(holder, "_meta", meta == "{}" ? std::string_view() : std::string_view(meta));
  if (response) {
    message.replace(&mcp::Envelope::result, next);
  } else {
    message.set_params(next);
  }
}

std::string task_state(std::string_view task, std::string_view id) {
  const std::string quoted = mcp::json_string(id);
  std::string state = with_json_member(task, "taskId", quoted);
  if (state.size() <= kMaxState) return state;
  state = "{\"taskId\":" + quoted;
  for (const std::string_view name : {"status", "createdAt", "lastUpdatedAt", "ttl", "pollInterval"}) {
    const std::string_view value = mcp::find_member(task, name);
    if (!value.empty() && value.size() <= kMaxMember) state.append(",\"").append(name).append("\":").append(value);
  }
  return state + '}';
}

std::string failed_state(std::string_view state, std::string_view why) {
  const std::string message = mcp::json_string(why);
  const std::string failed = with_json_member(state, "status", "\"failed\"");
  return with_json_member(failed, "statusMessage", message);
}

std::string status_of(std::string_view task) {
  return mcp::decode_json_string(mcp::find_member(task, "status"));
}

bool is_terminal(std::string_view status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

std::optional<milliseconds> ttl_of(std::string_view task) {
  const auto ttl = number_member(task, "ttl");
  if (!ttl || *ttl >= kMaxTtl) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(std::max(*ttl, 0.0)));
}

milliseconds poll_interval_of(std::string_view task) {
  const auto interval = number_member(task, "pollInterval");
  if (!interval) return std::chrono::seconds(1);
  return milliseconds(static_cast<std::int64_t>(std::clamp(*interval, 50.0, 30'000.0)));
}

}  // namespace gateway
