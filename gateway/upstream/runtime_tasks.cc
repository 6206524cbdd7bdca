// Runtime: calls of tools that run as tasks (MCP 2025-11-25, "Tasks").
#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/upstream/runtime.h"
#include "gateway/upstream/task_text.h"
#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::CallContext;
using mcp::Clock;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;
using TaskPtr = ServerTasks::TaskPtr;

namespace {

constexpr int kMaxPatience = 12;  // times callTimeout, which a call that shows signs of life may take (ClientSession)
constexpr auto kLastLook = std::chrono::seconds(2);  // of a request's time, for finding that its task is over

/// The request waits for the task's result: what the task has to say goes its way.
class Waiting {
 public:
  Waiting(ServerTask& task, CallContext& context) : task_(task), context_(context) {
    task_.waiting.push_back(&context_);
    // Progress rises whichever way it goes.
    context_.progress = std::max(context_.progress, task_.progress);
  }

  ~Waiting() {
    std::erase(task_.waiting, &context_);
    task_.progress = std::max(context_.progress, task_.progress);
  }

  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  ServerTask& task_;
  CallContext& context_;
};

}  // namespace

/// The time of a request that waits for a task: each report of progress gives it as long again as it had at the start, up to
/// kMaxPatience times that in all, as ClientSession does it for one request.
class Runtime::Patience {
 public:
  explicit Patience(CallContext& context) : context_(context), progress_(context.progress) {
    if (context_.deadline == Clock::time_point::max()) return;
    const auto now = Clock::now();
    time_ = context_.deadline - now;
    last_ = now + time_ * kMaxPatience;
  }

  /// Moves the deadline where there was progress since the last look.
  void look() {
    if (context_.progress <= std::exchange(progress_, context_.progress)) return;
    if (context_.deadline != Clock::time_point::max()) context_.deadline = std::min(Clock::now() + time_, last_);
  }

  /// How long to wait for the next look at the task, which leaves time for that look; nothing where there is no time for one.
  std::optional<Clock::duration> pause(Clock::duration interval) const {
    const auto left = context_.deadline - Clock::now() - std::min<Clock::duration>(time_ / 10, kLastLook);
    return left > Clock::duration::zero() ? std::optional(std::min(interval, left)) : std::nullopt;
  }

 private:
  CallContext& context_;
  double progress_;
  Clock::duration time_{};
  Clock::time_point last_ = Clock::time_point::max();
};

namespace {

/// A tools/call with params.task in place of any it had.
Message with_task(const Message& call, std::chrono::milliseconds ttl) {
  const std::string task = "{\"ttl\":" + std::to_string(ttl.count()) + "}";
  const std::string params = with_json_member(call.raw(call.envelope().params), "task", task);
  return Message::request(call.id(), "tools/call", params);
}

}  // namespace

bool Runtime::runs_tasks() const {
  return introduction_ && mcp::declares_tool_tasks(introduction_->capabilities);
}

Task<Result<Message>> Runtime::start_task(Message request, CallContext& context, bool driven, TaskPtr& started) {
  const auto handler = handler_for(context);
  if (!handler) co_return std::unexpected(handler.error());
  if (handler->get() != this) co_return co_await (*handler)->start_task(std::move(request), context, driven, started);
  const Lease lease(shared_from_this());
  auto place = clients_->tasks().claim(context.caller().id, driven);
  if (!place) co_return std::unexpected(std::move(place).error());
  ServerClients::Way way;
  mcp::RequestLink link;
  std::string token(request.raw(request.envelope().meta_progress_token));
  std::string tool(request.name());
  auto answer = co_await send(std::move(request), context, &way, &link);
  if (!answer || answer->is_error()) co_return answer;
  const std::string_view result = answer->raw(answer->envelope().result);
  const std::string_view task = mcp::find_member(result, "task");
  // A server may answer at once, though it was asked for a task.
  if (!task.starts_with('{')) co_return answer;
  ServerTasks::Made made{.session = way.session,
                         .own = way.own ? way.own->session() : nullptr,
                         .task = task,
                         .tool = std::move(tool),
                         .progress_of = link.id,
                         .progress_token = std::move(token),
                         .driven = driven};
  auto added = clients_->tasks().add(std::move(made), context);
  if (!added) {
    // What cannot be named cannot be cancelled, and may ask.
    if (way.own) (*way.own)->doubtful = true;
    co_return std::unexpected(std::move(added).error());
  }
  started = std::move(*added);
  const std::string shown = with_json_member(result, "task", started->state);
  answer->replace(&mcp::Envelope::result, shown);
  if (!related_task(*answer).empty()) set_related_task(*answer, started->id);
  co_return answer;
}

Task<Result<Message>> Runtime::send_about(
    TaskPtr task, std::string_view method, std::string id, CallContext& context, mcp::RequestLink* link) {
  const Lease lease(shared_from_this());
  const auto session = task->session.lock();
  if (!session || session->closed()) {
    co_return fail(ErrorCode::session_lost, "the session with the server on which the task ran was lost, and the task with it");
  }
  const auto used = clients_->use(task->own.lock());
  const std::string params = "{\"taskId\":" + mcp::json_string(task->own_id) + "}";
  Message request = Message::request(id, method, params);
  auto answer = co_await session->handle(std::move(request), context, link);
  if (answer) co_return answer;
  after_failure(session, answer.error());
  co_return std::unexpected(for_caller(std::move(answer).error()));
}

Task<Result<Message>> Runtime::ask_about(TaskPtr task, std::string_view method, std::string id, CallContext& context) {
  auto answer = co_await send_about(task, method, std::move(id), context, nullptr);
  if (!answer || answer->is_error()) co_return answer;
  const std::string_view said = answer->raw(answer->envelope().result);
  clients_->tasks().learn(task, said);
  const std::string quoted = mcp::json_string(task->id);
  const std::string shown = with_json_member(said, "taskId", quoted);
  answer->replace(&mcp::Envelope::result, shown);
  if (!related_task(*answer).empty()) set_related_task(*answer, task->id);
  co_return answer;
}

Task<Result<Message>> Runtime::task_result(TaskPtr task, std::string id, CallContext& context) {
  const Lease lease(shared_from_this());
  const auto used = clients_->use(task->own.lock());
  const Waiting waiting(*task, context);
  Patience patience(context);
  mcp::RequestLink link{.id = 0, .progress_of = task->progress_of, .token = task->progress_token};
  bool over = false;
  for (;;) {
    auto answer = co_await send_about(task, "tasks/result", id, context, &link);
    if (!answer) co_return answer;
    patience.look();
    if (answer->is_error() && !over) {
      // Either this is what became of the task, or the server does not wait for it.
      const auto watched = co_await watch(task, id, context, patience);
      if (!watched) co_return std::unexpected(watched.error());
      over = *watched;
      continue;
    }
    task->result_read = !answer->is_error() || task->over();
    ServerTasks::unpin(*task);
    set_related_task(*answer, task->id);
    co_return answer;
  }
}

Task<Result<bool>> Runtime::watch(TaskPtr task, std::string id, CallContext& context, Patience& patience) {
  for (;;) {
    const auto said = co_await ask_about(task, "tasks/get", id, context);
    if (!said) co_return std::unexpected(said.error());
    // One that the server does not know (any more) will not get any further.
    if (said->is_error()) co_return true;
    const std::string_view state = said->raw(said->envelope().result);
    const std::string status = status_of(state);
    if (is_terminal(status)) co_return true;
    patience.look();
    const auto pause = patience.pause(poll_interval_of(state));
    if (!pause) co_return fail(ErrorCode::timeout, "the task was not over within the call's time");
    co_await mcp::pause(*pause, context.cancellation());
    patience.look();
    if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
    // A server asks while its tasks/result is open, if at all.
    if (status == "input_required") co_return false;
  }
}

Task<Result<Message>> Runtime::run_as_task(Message request, CallContext& context) {
  const auto handler = handler_for(context);
  if (!handler) co_return std::unexpected(handler.error());
  if (handler->get() != this) co_return co_await (*handler)->run_as_task(std::move(request), context);
  const Lease lease(shared_from_this());
  const std::string id(request.id());
  Message call = with_task(request, spec().call_timeout * kMaxPatience);
  TaskPtr task;
  auto answer = co_await start_task(std::move(call), context, true, task);
  if (!task) co_return answer;
  // What the start took is not the task's.
  if (context.deadline != Clock::time_point::max()) context.deadline = Clock::now() + spec().call_timeout;
  answer = co_await task_result(task, id, context);
  if (answer) {
    set_related_task(*answer, {});
  } else {
    clients_->tasks().cancel(task);
  }
  clients_->tasks().remove(task);
  co_return answer;
}

}  // namespace gateway
