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

std::string string_of(std::string_view json) {
  return json.starts_with('"') ? mcp::decode_json_string(json) : std::string();
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
    if (name != member) add(name, value);
    return true;
  });
  return text + '}';
}

/// The object whose _meta names the task.
std::string_view meta_holder(const Message& message) {
  const bool response = message.kind() == MessageKind::response;
  return message.raw(response ? message.envelope().result : message.envelope().params);
}

}  // namespace

std::string with_json_member(std::string_view object, std::string_view member, std::string_view json) {
  return rebuilt(object, member, json);
}

std::string without_member(std::string_view object, std::string_view member) {
  return rebuilt(object, member, {});
}

std::string related_task(const Message& message) {
  const std::string_view holder = meta_holder(message);
  // Inside a JSON string the quotes would be escaped, so the plain search finds every real member.
  if (holder.find(kRelatedTask) == std::string_view::npos) return {};
  return string_of(mcp::member(mcp::member(mcp::member(holder, "_meta"), kRelatedTask), "taskId"));
}

void set_related_task(Message& message, std::string_view id) {
  const std::string_view holder = meta_holder(message);
  if (!holder.empty() && !holder.starts_with('{')) return;
  const std::string_view meta = mcp::member(holder, "_meta");
  if (id.empty() && mcp::member(meta, kRelatedTask).empty()) return;
  const std::string value = id.empty() ? std::string() : "{\"taskId\":" + mcp::json_string(id) + "}";
  const std::string next_meta = rebuilt(meta, kRelatedTask, value);
  const std::string next = rebuilt(holder, "_meta", next_meta == "{}" ? std::string_view() : std::string_view(next_meta));
  // Built anew, so that every member is found where it stands now.
  const std::string method(message.method());
  const std::string request_id(message.id());
  if (message.kind() == MessageKind::response) {
    if (!message.is_error()) message.replace(&mcp::Envelope::result, next);
  } else if (message.kind() == MessageKind::request) {
    message = Message::request(request_id, method, next);
  } else {
    message = Message::notification(method, next);
  }
}

std::string task_state(std::string_view task, std::string_view id) {
  const std::string quoted = mcp::json_string(id);
  std::string state = with_json_member(task, "taskId", quoted);
  if (state.size() <= kMaxState) return state;
  state = "{\"taskId\":" + quoted;
  for (const std::string_view name : {"status", "createdAt", "lastUpdatedAt", "ttl", "pollInterval"}) {
    const std::string_view value = mcp::member(task, name);
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
  return string_of(mcp::member(task, "status"));
}

bool is_terminal(std::string_view status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

std::optional<milliseconds> ttl_of(std::string_view task) {
  const auto ttl = number_of(mcp::member(task, "ttl"));
  if (!ttl || *ttl >= kMaxTtl) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(std::max(*ttl, 0.0)));
}

milliseconds poll_interval_of(std::string_view task) {
  const auto interval = number_of(mcp::member(task, "pollInterval"));
  if (!interval) return std::chrono::seconds(1);
  return milliseconds(static_cast<std::int64_t>(std::clamp(*interval, 50.0, 30'000.0)));
}

}  // namespace gateway
