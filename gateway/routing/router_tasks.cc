// Calls of tools that run as tasks, and what a client asks of its tasks (MCP 2025-11-25, "Tasks").
#include <algorithm>
#include <charconv>
#include <utility>

#include "gateway/routing/router.h"
#include "gateway/upstream/task_text.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::CallContext;
using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMaxPage = 50;                    // of a list of tasks, each of which may be asked for
constexpr auto kRefreshTime = std::chrono::seconds(2);  // for asking all of a page
constexpr std::size_t kShown = 200;                     // bytes of an id in a message

/// Inside a JSON string the quotes would be escaped, so the plain search finds every member; most calls have none. The arguments
/// may be long and are not searched.
bool wants_task(const Message& call) {
  const std::string_view params = call.raw(call.envelope().params);
  const std::string_view arguments = call.raw(call.envelope().arguments);
  const std::size_t before = arguments.empty() ? params.size() : call.envelope().arguments.begin - call.envelope().params.begin;
  const auto may = [](std::string_view part) { return part.contains("\"task\"") || part.contains('\\'); };
  if (!may(params.substr(0, before)) && !may(params.substr(before + arguments.size()))) return false;
  return !mcp::find_member(params, "task").empty();
}

Message without_task(const Message& call) {
  const std::string params = without_member(call.raw(call.envelope().params), "task");
  return Message::request(call.id(), call.method(), params);
}

Error unknown_task(const std::string& id) {
  return {ErrorCode::invalid_params,
          "there is no task \"" + id.substr(0, kShown) + "\"",
          "It may be over and forgotten, or belong to another session. See tasks/list for those there are."};
}

bool is_invalid_params(const Message& answer) {
  return answer.is_error() && mcp::member(answer.raw(answer.envelope().error), "code") == std::to_string(mcp::kInvalidParams);
}

/// The request that asks on behalf of another of the client's, with a deadline and an end of its own.
class PartContext final : public CallContext {
 public:
  PartContext(CallContext& whole, std::chrono::steady_clock::time_point until)
      : whole_(whole), ends_(whole.cancellation(), [this] { cancellation().request(whole_.cancellation().reason()); }) {
    deadline = until;
  }

  const mcp::Caller& caller() const override { return whole_.caller(); }

  void notify(Message notification) override { whole_.notify(std::move(notification)); }

  Task<Result<Message>> ask(Message request, mcp::Question& question) override { return whole_.ask(std::move(request), question); }

  std::shared_ptr<mcp::ClientPeer> peer() override { return whole_.peer(); }

 private:
  CallContext& whole_;
  mcp::Cancellation::Callback ends_;
};

}  // namespace

Result<Router::CallMode> Router::mode_of(const Route& route, Message& request, const mcp::Caller& caller) const {
  const bool server_runs = route.tasks != TaskSupport::forbidden && route.runtime->runs_tasks();
  if (wants_task(request)) {
    if (offers_tasks(caller) && server_runs) return CallMode::task;
    if (offers_tasks(caller)) {
      return fail(ErrorCode::method_not_found,
                  "\"" + route.callable.str() + "\" cannot run as a task",
                  "Call it without params.task, or see execution.taskSupport in tools/list for tools that can.");
    }
    // Who was not told of tasks has its wish ignored.
    request = without_task(request);
  }
  return server_runs && route.tasks == TaskSupport::required ? CallMode::driven : CallMode::plain;
}

Router::Answer Router::send_call(CallMode mode, const Route& route, Message request, CallContext& context) {
  if (mode == CallMode::task) return start_task(route.runtime, std::move(request), context);
  if (mode == CallMode::driven) return route.runtime->run_as_task(std::move(request), context);
  return route.runtime->handle(std::move(request), context);
}

Task<Result<Message>> Router::start_task(std::shared_ptr<Runtime> runtime, Message request, CallContext& context) {
  ServerTasks::TaskPtr started;
  co_return co_await runtime->start_task(std::move(request), context, false, started);
}

bool Router::offers_tasks(const mcp::Caller& caller) const {
  if (caller.version < mcp::ProtocolVersion::v2025_11_25) return false;
  if (!view_->naming().own_names) return true;
  return !view_->members().empty() && view_->members().front()->runs_tasks();
}

std::vector<Router::HeldTask> Router::tasks_of(const mcp::Caller& caller) const {
  std::vector<HeldTask> tasks;
  for (const auto& member : view_->everyone()) {
    const auto holder = member->held_by(caller);
    if (!holder) continue;
    for (auto& task : holder->clients().tasks().of(caller.id))
      tasks.push_back({holder, std::move(task)});
  }
  std::ranges::sort(tasks, {}, [](const HeldTask& held) { return held.task->number; });
  return tasks;
}

Result<Router::HeldTask> Router::find_task(const Message& request, CallContext& context) const {
  const std::string method(request.method());
  if (!offers_tasks(context.caller())) return fail(ErrorCode::method_not_found, "there are no tasks here");
  const std::string id = task_id_of(request.raw(request.envelope().params));
  if (id.empty()) return fail(ErrorCode::invalid_params, method + " needs params.taskId, a string");
  for (const auto& member : view_->everyone()) {
    const auto holder = member->held_by(context.caller());
    auto task = holder ? holder->clients().tasks().find(context.caller().id, id) : nullptr;
    if (!task) continue;
    context.deadline = Clock::now() + holder->spec().call_timeout;
    return HeldTask{holder, std::move(task)};
  }
  return refuse(method, unknown_task(id));
}

Task<Result<Message>> Router::get_task(Message request, CallContext& context) {
  const auto held = find_task(request, context);
  if (!held) co_return std::unexpected(held.error());
  const std::string id(request.id());
  if (held->task->lost()) co_return Message::result(id, held->task->seen());
  auto answer = co_await held->runtime->ask_about(held->task, "tasks/get", id, context);
  record("tasks/get", held->runtime->spec().name, answer);
  if (!answer && held->task->lost()) co_return Message::result(id, held->task->seen());
  if (!answer || !is_invalid_params(*answer)) co_return answer;
  // The server has forgotten it, as it may once its time is over.
  held->runtime->clients().tasks().remove(held->task);
  co_return std::unexpected(unknown_task(held->task->id));
}

Task<Result<Message>> Router::get_task_result(Message request, CallContext& context) {
  const auto held = find_task(request, context);
  if (!held) co_return std::unexpected(held.error());
  const std::string id(request.id());
  const ServerName server = held->runtime->spec().name;
  auto answer = co_await held->runtime->task_result(held->task, id, context);
  record("tasks/result", server, answer);
  if (answer && context_.validator != nullptr) {
    const std::string tool = held->task->tool;
    auto verdict = co_await context_.validator->check_late(*held->runtime, tool, *answer, context);
    if (!verdict) {
      const bool cancelled = context.cancellation().requested();
      if (cancelled) co_return std::unexpected(std::move(verdict).error());
      co_return task_failure(id, verdict.error(), *held);
    }
  }
  if (answer) co_return answer;
  Error error = std::move(answer).error();
  if (context.cancellation().requested()) co_return std::unexpected(std::move(error));
  if (!held->task->lost() && error.code != ErrorCode::session_lost) {
    if (error.code == ErrorCode::timeout) error.remedy = "The task goes on: ask again with tasks/get or tasks/result.";
    co_return std::unexpected(std::move(error));
  }
  // That is what became of the call.
  error.message = "a task of server \"" + server.str() + "\" failed: " + error.message;
  co_return task_failure(id, error, *held);
}

Message Router::task_failure(std::string_view id, const Error& error, const HeldTask& held) {
  Message failed = mcp::tool_error_response(id, error, held.runtime->spec().name.str());
  set_related_task(failed, held.task->id);
  return failed;
}

Task<Result<Message>> Router::cancel_task(Message request, CallContext& context) {
  const auto held = find_task(request, context);
  if (!held) co_return std::unexpected(held.error());
  const ServerName server = held->runtime->spec().name;
  const std::string status = status_of(held->task->seen());
  if (is_terminal(status)) {
    Error over{ErrorCode::invalid_params, "the task is over already: its status is \"" + status + "\""};
    co_return refuse("tasks/cancel", std::move(over), server);
  }
  const auto& introduction = held->runtime->introduction();
  if (introduction && !mcp::member(mcp::member(introduction->capabilities, "tasks"), "cancel").starts_with('{')) {
    Error error{ErrorCode::method_not_found, "server \"" + server.str() + "\" does not cancel tasks"};
    co_return refuse("tasks/cancel", std::move(error), server);
  }
  const std::string id(request.id());
  auto answer = co_await held->runtime->ask_about(held->task, "tasks/cancel", id, context);
  record("tasks/cancel", server, answer);
  co_return answer;
}

Task<Result<Message>> Router::list_tasks(Message request, CallContext& context) {
  if (!offers_tasks(context.caller())) co_return fail(ErrorCode::method_not_found, "there are no tasks here");
  const std::string_view cursor = request.raw(request.envelope().cursor);
  const std::string after_text = mcp::decode_json_string(cursor);
  std::uint64_t after = 0;
  const auto [end, error] = std::from_chars(after_text.data(), after_text.data() + after_text.size(), after);
  if (!cursor.empty() && (error != std::errc() || end != after_text.data() + after_text.size())) {
    co_return fail(
        ErrorCode::invalid_params, "the cursor is not one of this list", "Start again with tasks/list without a cursor.");
  }
  auto tasks = tasks_of(context.caller());
  std::erase_if(tasks, [after](const HeldTask& held) { return held.task->number <= after; });
  const std::size_t page = std::min(kMaxPage, context_.limits->list_page_size);
  const bool more = tasks.size() > page;
  if (more) tasks.resize(page);
  const std::string id(request.id());
  co_await refresh(tasks, context);
  std::string result = R"({"tasks":[)";
  for (const HeldTask& held : tasks) {
    if (!result.ends_with('[')) result += ',';
    result += held.task->seen();
  }
  result += ']';
  if (more) result += ",\"nextCursor\":\"" + std::to_string(tasks.back().task->number) + "\"";
  result += '}';
  co_return Message::result(id, result);
}

Task<void> Router::refresh(std::vector<HeldTask> tasks, CallContext& context) {
  PartContext part(context, Clock::now() + kRefreshTime);
  for (const HeldTask& held : tasks) {
    if (part.cancellation().requested() || Clock::now() >= part.deadline) co_return;
    if (!is_terminal(status_of(held.task->seen()))) co_await held.runtime->ask_about(held.task, "tasks/get", "0", part);
  }
}

}  // namespace gateway
