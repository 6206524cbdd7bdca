// ServerTasks: what a server says of tasks outside its answers.
#include <algorithm>
#include <charconv>
#include <utility>

#include "gateway/upstream/server_tasks.h"
#include "gateway/upstream/task_text.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::ClientSession;
using mcp::Message;
using mcp::MessageKind;

namespace {

constexpr std::size_t kMaxEarly = 16;  // of what is said of tasks that have no name yet

/// A log line that its reader does not want.
bool too_quiet(const mcp::Caller& reader, const Message& message) {
  if (message.method() != "notifications/message" || !reader.log_level) return false;
  const std::string_view level = mcp::member(message.raw(message.envelope().params), "level");
  const auto known = mcp::parse_logging_level(mcp::decode_json_string(level));
  return !known || *known < *reader.log_level;
}

}  // namespace

ServerTasks::TaskPtr ServerTasks::find_own(const ClientSession* session, const std::string& own_id) const {
  const auto found = by_own_id_.find(Key(session, own_id));
  if (found == by_own_id_.end() || found->second->lost()) return nullptr;
  return found->second;
}

bool ServerTasks::incoming(const ClientSession* session, Message& message, std::string& note) {
  if (message.method() == "notifications/tasks/status") return tell_status(session, message);
  std::string related = related_task(message);
  if (related.empty()) return true;
  const TaskPtr task = find_own(session, related);
  // An id of the server's own says nothing to a client, and nothing at all to one that knows of no task.
  set_related_task(message, task && !task->driven ? std::string_view(task->id) : std::string_view());
  if (message.kind() == MessageKind::request) note = std::move(related);
  if (!task || message.kind() == MessageKind::request || message.method() == "notifications/progress" ||
      message.method() == "notifications/cancelled") {
    return true;
  }
  tell(*task, std::move(message));
  return false;
}

void ServerTasks::outgoing(const std::string& note, Message& answer) {
  set_related_task(answer, note);
}

bool ServerTasks::tell_status(const ClientSession* session, const Message& notification) {
  const std::string_view said = notification.raw(notification.envelope().params);
  const TaskPtr task = find_own(session, task_id_of(said));
  if (!task) {
    keep_early(session, said);
    return false;
  }
  learn(task, said);
  if (task->driven) return false;
  const std::string params = task_state(said, task->id);
  Message shown = Message::notification("notifications/tasks/status", params);
  set_related_task(shown, {});
  if (const auto peer = task->peer.lock()) peer->push(std::move(shown));
  return false;
}

/// It may be of a task whose maker has not answered yet.
void ServerTasks::keep_early(const ClientSession* session, std::string_view said) {
  if (session == nullptr || starting_.empty()) return;
  std::string own_id = task_id_of(said);
  if (own_id.empty()) return;
  std::string state = task_state(without_member(said, "_meta"), own_id);
  early_.push_back({session->weak_from_this(), std::move(own_id), std::move(state)});
  if (early_.size() > kMaxEarly) early_.pop_front();
}

void ServerTasks::learn_early(const TaskPtr& task) {
  const auto session = task->session.lock();
  const auto of_task = [&](const Early& early) { return early.own_id == task->own_id && early.session.lock() == session; };
  for (const Early& early : early_) {
    if (of_task(early)) learn(task, early.said);
  }
  std::erase_if(early_, of_task);
}

void ServerTasks::tell(const ServerTask& task, Message notification) {
  const auto peer = task.peer.lock();
  if (!peer || too_quiet(peer->caller(), notification)) return;
  // On the way of a request that waits for the task even a client hears it that has no other stream open.
  if (!task.waiting.empty()) {
    task.waiting.back()->notify(std::move(notification));
  } else {
    peer->push(std::move(notification));
  }
}

bool ServerTasks::progress(const ClientSession* session, Message& notification) const {
  if (notification.method() != "notifications/progress") return false;
  const std::string_view token = notification.raw(notification.envelope().progress_token);
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), id);
  if (error != std::errc() || end != token.data() + token.size()) return false;
  const auto found = by_token_.find({session, id});
  if (found == by_token_.end() || found->second->lost()) return false;
  ServerTask& task = *found->second;
  double told = task.progress;
  for (const mcp::CallContext* waiting : task.waiting)
    told = std::max(told, waiting->progress);
  // The value must rise (MCP 2025-11-25, "Progress").
  const auto value = number_member(notification.raw(notification.envelope().params), "progress");
  if (!value || *value <= told) {
    mcp::log_debug("upstream", "progress that does not rise dropped");
    return true;
  }
  task.progress = *value;
  for (mcp::CallContext* waiting : task.waiting)
    waiting->progress = *value;
  notification.replace(&mcp::Envelope::progress_token, task.progress_token);
  tell(task, std::move(notification));
  return true;
}

}  // namespace gateway
