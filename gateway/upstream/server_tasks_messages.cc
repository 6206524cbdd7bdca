// ServerTasks: what a server says of tasks outside its answers.
#include <charconv>
#include <utility>

#include "gateway/upstream/server_tasks.h"
#include "gateway/upstream/task_text.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::ClientSession;
using mcp::Message;
using mcp::MessageKind;

namespace {

/// A log line that its reader does not want.
bool too_quiet(const mcp::Caller& reader, const Message& message) {
  if (message.method() != "notifications/message" || !reader.log_level) return false;
  const std::string_view level = mcp::member(message.raw(message.envelope().params), "level");
  const auto known = mcp::parse_logging_level(level.starts_with('"') ? mcp::decode_json_string(level) : std::string());
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

bool ServerTasks::tell_status(const ClientSession* session, const Message& notification) {
  const std::string_view said = notification.raw(notification.envelope().params);
  const TaskPtr task = find_own(session, task_id_of(said));
  if (!task) return false;
  learn(task, said);
  if (task->driven) return false;
  const std::string params = task_state(said, task->id);
  Message shown = Message::notification("notifications/tasks/status", params);
  set_related_task(shown, {});
  if (const auto peer = task->peer.lock()) peer->push(std::move(shown));
  return false;
}

void ServerTasks::tell(const ServerTask& task, Message notification) {
  const auto peer = task.peer.lock();
  if (!peer || too_quiet(peer->caller(), notification)) return;
  // On the way of a request that waits for the task even a client hears it that has no other stream open.
  if (task.waiting != nullptr) {
    task.waiting->notify(std::move(notification));
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
  notification.replace(&mcp::Envelope::progress_token, found->second->progress_token);
  tell(*found->second, std::move(notification));
  return true;
}

void ServerTasks::outgoing(const std::string& note, Message& answer) {
  set_related_task(answer, note);
}

}  // namespace gateway
