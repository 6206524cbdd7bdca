#include "gateway/upstream/server_tasks.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/deadline.h"
#include "gateway/upstream/task_text.h"
#include "mcp/base/log.h"
#include "mcp/base/random.h"
#include "mcp/json/text.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::ClientSession;
using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMaxOwnId = 1024;  // bytes of a server's id
constexpr auto kCancelTime = std::chrono::seconds(10);
constexpr std::string_view kLost = "the session with the server on which the task ran was lost, and the task with it";

std::uint64_t last_number = 0;  // over all servers, so that a client's tasks have one order

}  // namespace

bool ServerTask::lost() const {
  const auto live = session.lock();
  return !live || live->closed();
}

std::string ServerTask::seen() const {
  return lost() && !is_terminal(status_of(state)) ? failed_state(state, kLost) : state;
}

ServerTasks::Place::Place(std::shared_ptr<ServerTasks> tasks, std::uint64_t client)
    : tasks_(std::move(tasks)), place_(tasks_->starting_.insert(client)) {}

ServerTasks::Place::~Place() {
  if (tasks_) tasks_->starting_.erase(place_);
}

ServerTasks::ServerTasks(const mcp::Executor& executor, std::string server)
    : executor_(executor), server_(std::move(server)), timer_(executor) {}

ServerTasks::~ServerTasks() {
  for (const auto& [id, task] : tasks_)
    unpin(*task);
}

Result<ServerTasks::Place> ServerTasks::claim(std::uint64_t client) {
  const auto held = std::ranges::count_if(tasks_, [client](const auto& entry) { return entry.second->client == client; });
  const std::size_t of_client = static_cast<std::size_t>(held) + starting_.count(client);
  if (of_client >= kMaxOfClient) {
    return fail(ErrorCode::overloaded,
                std::to_string(of_client) + " tasks of this client are kept at server \"" + server_ + "\" already",
                "Tasks go when their ttl is over: ask for a shorter one, or wait.");
  }
  if (tasks_.size() + starting_.size() >= kMaxInAll) {
    return fail(ErrorCode::overloaded,
                std::to_string(tasks_.size()) + " tasks are kept at server \"" + server_ + "\" already",
                "Try again when some of them are over.");
  }
  return Place(shared_from_this(), client);
}

Result<ServerTasks::TaskPtr> ServerTasks::add(Made made, mcp::CallContext& context) {
  std::string own_id = task_id_of(made.task);
  Key key(made.session.get(), own_id);
  if (own_id.empty() || own_id.size() > kMaxOwnId)
    return fail(ErrorCode::not_mcp, "the server made a task without a usable taskId");
  if (const auto old = by_own_id_.find(key); old != by_own_id_.end()) {
    // At the address of a session that is gone there may be another by now.
    if (!old->second->lost()) return fail(ErrorCode::not_mcp, "the server gave a new task the id of another");
    remove(old->second);
  }
  auto task = std::make_shared<ServerTask>();
  task->number = ++last_number;
  task->id = mcp::random_hex(16);
  task->own_id = std::move(own_id);
  task->tool = std::move(made.tool);
  task->client = context.caller().id;
  task->peer = context.peer();
  task->session = made.session;
  task->made_on = made.session.get();
  task->own = std::move(made.own);
  task->driven = made.driven;
  task->progress_of = made.progress_of;
  task->progress_token = std::move(made.progress_token);
  if (task->own) {
    ++task->own->tasks;
    task->pins = true;
  }
  tasks_.emplace(task->id, task);
  by_own_id_.emplace(std::move(key), task);
  if (!task->progress_token.empty()) by_token_[{task->made_on, task->progress_of}] = task;
  learn(task, made.task);
  return task;
}

ServerTasks::TaskPtr ServerTasks::find(std::uint64_t client, std::string_view id) const {
  const auto found = tasks_.find(std::string(id));
  const bool theirs = found != tasks_.end() && found->second->client == client && !found->second->driven;
  return theirs ? found->second : nullptr;
}

std::vector<ServerTasks::TaskPtr> ServerTasks::of(std::uint64_t client) const {
  std::vector<TaskPtr> tasks;
  for (const auto& [id, task] : tasks_) {
    if (task->client == client && !task->driven) tasks.push_back(task);
  }
  std::ranges::sort(tasks, {}, &ServerTask::number);
  return tasks;
}

void ServerTasks::learn(const TaskPtr& task, std::string_view said) {
  // A task that is over stays so, whatever comes late.
  if (is_terminal(status_of(task->state))) return;
  const bool first = task->state.empty();
  const auto ttl = ttl_of(said);
  const bool ttl_changed = first || ttl != ttl_of(task->state);
  task->state = task_state(said, task->id);
  // Of one that did not succeed nothing more is to come that would need the session.
  if (status_of(task->state) == "cancelled") unpin(*task);
  if (!ttl_changed) return;
  // From its creation; what the way here took is the client's gain.
  if (first) task->made = Clock::now();
  task->expires = ttl ? std::optional(task->made + *ttl) : std::nullopt;
  arm();
}

void ServerTasks::unpin(ServerTask& task) {
  if (std::exchange(task.pins, false)) --task.own->tasks;
}

// By value: the caller's may be the one in the table.
void ServerTasks::remove(TaskPtr task) {  // NOLINT(performance-unnecessary-value-param)
  unpin(*task);
  tasks_.erase(task->id);
  if (const auto found = by_own_id_.find(Key(task->made_on, task->own_id)); found != by_own_id_.end() && found->second == task) {
    by_own_id_.erase(found);
  }
  const auto found = by_token_.find({task->made_on, task->progress_of});
  if (found != by_token_.end() && found->second == task) by_token_.erase(found);
}

void ServerTasks::forget(std::uint64_t client) {
  std::vector<TaskPtr> gone, running;
  for (const auto& [id, task] : tasks_) {
    if (task->client == client) gone.push_back(task);
  }
  for (const TaskPtr& task : gone) {
    if (!is_terminal(status_of(task->state)) && !task->lost()) running.push_back(task);
    remove(task);
  }
  if (!running.empty()) asio::co_spawn(executor_, cancel_all(shared_from_this(), std::move(running)), asio::detached);
}

void ServerTasks::cancel(const TaskPtr& task) {
  if (is_terminal(status_of(task->state)) || task->lost()) return;
  std::vector<TaskPtr> one = {task};
  asio::co_spawn(executor_, cancel_all(shared_from_this(), std::move(one)), asio::detached);
}

Task<void> ServerTasks::cancel_all(std::shared_ptr<ServerTasks> self, std::vector<TaskPtr> tasks) {
  for (const TaskPtr& task : tasks) {
    const auto session = task->session.lock();
    if (!session || session->closed()) continue;
    mcp::Cancellation cancellation;
    const auto slow = [] { return Error{ErrorCode::timeout, "no answer in time"}; };
    const Deadline deadline(self->executor_, kCancelTime, slow, cancellation);
    const std::string params = "{\"taskId\":" + mcp::json_string(task->own_id) + "}";
    const auto answer = co_await session->call("tasks/cancel", params, cancellation);
    if (answer && !answer->is_error()) continue;
    const std::string cause = !answer ? answer.error().message : std::string(answer->raw(answer->envelope().error).substr(0, 300));
    mcp::log_debug("upstream", "a task nobody waits for was not cancelled", {{"server", self->server_}, {"cause", cause}});
  }
}

/// Wakes when the next task is over.
void ServerTasks::arm() {
  std::optional<Clock::time_point> next;
  for (const auto& [id, task] : tasks_) {
    if (task->expires && (!next || *task->expires < *next)) next = task->expires;
  }
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*next);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error) self->sweep();
  });
}

void ServerTasks::sweep() {
  const auto now = Clock::now();
  std::vector<TaskPtr> over;
  for (const auto& [id, task] : tasks_) {
    if (task->expires && *task->expires <= now) over.push_back(task);
  }
  for (const TaskPtr& task : over)
    remove(task);
  arm();
}

}  // namespace gateway
