#include "gateway/upstream/server_tasks.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/upstream/deadline.h"
#include "gateway/upstream/task_text.h"
#include "mcp/base/event.h"
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
constexpr auto kCancelWait = std::chrono::seconds(2);  // until who waits for the answers goes on
constexpr auto kLookAgain = std::chrono::seconds(5);   // at a task whose time is over, but for whose result somebody waits
constexpr std::string_view kLost = "the session with the server on which the task ran was lost, and the task with it";

std::uint64_t last_number = 0;  // over all servers, so that a client's tasks have one order

}  // namespace

bool ServerTask::lost() const {
  const auto live = session.lock();
  return !live || live->closed();
}

bool ServerTask::over() const {
  return result_read || is_terminal(status_of(state));
}

std::string ServerTask::seen() const {
  return lost() && !is_terminal(status_of(state)) ? failed_state(state, kLost) : state;
}

ServerTasks::Place::Place(std::shared_ptr<ServerTasks> tasks, std::uint64_t client, bool driven)
    : tasks_(std::move(tasks)), place_(tasks_->starting_.emplace(client, driven)) {}

ServerTasks::Place::~Place() {
  if (!tasks_) return;
  tasks_->starting_.erase(place_);
  if (tasks_->starting_.empty()) tasks_->early_.clear();
}

ServerTasks::ServerTasks(const mcp::Executor& executor, LiveSpecPtr server)
    : executor_(executor), server_(std::move(server)), timer_(executor) {}

ServerTasks::~ServerTasks() {
  for (const auto& [id, task] : tasks_)
    unpin(*task);
}

Result<ServerTasks::Place> ServerTasks::claim(std::uint64_t client, bool driven) {
  const Which alike = [driven](const ServerTask& task) { return task.driven == driven; };
  const Which theirs = [client, &alike](const ServerTask& task) { return task.client == client && alike(task); };
  const auto count = [this](const Which& which) {
    return static_cast<std::size_t>(std::ranges::count_if(tasks_, [&which](const auto& entry) { return which(*entry.second); }));
  };
  const std::size_t of_client = count(theirs) + starting_.count({client, driven});
  if (of_client >= kMaxOfClient && !drop_one(theirs)) {
    return fail(ErrorCode::overloaded,
                std::to_string(of_client) + " tasks of this client are kept at server \"" + server_->name() + "\" already",
                "Tasks go when their ttl is over: ask for a shorter one, or wait.");
  }
  const auto starting = std::ranges::count_if(starting_, [driven](const auto& place) { return place.second == driven; });
  const std::size_t in_all = count(alike) + static_cast<std::size_t>(starting);
  if (in_all >= kMaxInAll && !drop_one(alike)) {
    return fail(ErrorCode::overloaded,
                std::to_string(in_all) + " tasks are kept at server \"" + server_->name() + "\" already",
                "Try again when some of them are over.");
  }
  return Place(shared_from_this(), client, driven);
}

/// The task goes that is missed least. False where all of these may still be wanted.
bool ServerTasks::drop_one(const Which& which) {
  TaskPtr least;
  bool of_use = true;
  for (const auto& [id, task] : tasks_) {
    // A driven task goes with its call, and one whose result is waited for is wanted.
    if (!which(*task) || task->driven || !task->waiting.empty()) continue;
    const bool lost = task->lost();
    if (!lost && !task->over()) continue;
    const bool wanted = !lost && !task->result_read;
    if (least && (wanted > of_use || (wanted == of_use && task->number > least->number))) continue;
    least = task;
    of_use = wanted;
  }
  if (!least) return false;
  remove(least);
  return true;
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
  task->own = made.own;
  task->driven = made.driven;
  task->progress_of = made.progress_of;
  task->progress_token = std::move(made.progress_token);
  task->progress = context.progress;
  if (made.own) {
    ++made.own->tasks;
    task->pins = true;
  }
  tasks_.emplace(task->id, task);
  by_own_id_.emplace(std::move(key), task);
  if (!task->progress_token.empty()) by_token_[{task->made_on, task->progress_of}] = task;
  learn(task, made.task);
  learn_early(task);
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
  // What it belongs to is told in the words of whoever is told.
  task->state = task_state(without_member(said, "_meta"), task->id);
  // Of one that did not succeed nothing more is to come that would need the session.
  if (status_of(task->state) == "cancelled") unpin(*task);
  if (!ttl_changed) return;
  // From its creation; what the way here took is the client's gain.
  if (first) task->made = Clock::now();
  // One that is driven ends with its call.
  task->expires = ttl && !task->driven ? std::optional(task->made + *ttl) : std::nullopt;
  arm();
}

bool ServerTasks::awaited() const {
  return running() ||
         std::ranges::any_of(tasks_, [](const auto& entry) { return !entry.second->lost() && !entry.second->result_read; });
}

bool ServerTasks::running() const {
  return !starting_.empty() ||
         std::ranges::any_of(tasks_, [](const auto& entry) { return !entry.second->over() && !entry.second->lost(); });
}

void ServerTasks::unpin(ServerTask& task) {
  if (!std::exchange(task.pins, false)) return;
  const auto own = task.own.lock();
  if (!own) return;
  --own->tasks;
  // A server that was told to cancel a task, or that nobody asks any more, may be at work on it all the same.
  const std::string status = status_of(task.state);
  if (!task.result_read && status != "completed" && status != "failed") own->doubtful = true;
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

std::vector<ServerTasks::TaskPtr> ServerTasks::forget(std::uint64_t client) {
  std::vector<TaskPtr> gone, running;
  for (const auto& [id, task] : tasks_) {
    if (task->client == client) gone.push_back(task);
  }
  for (const TaskPtr& task : gone) {
    if (cancels_ && !task->over() && !task->lost()) running.push_back(task);
    remove(task);
  }
  return running;
}

struct ServerTasks::Cancelling {
  Cancelling(const mcp::Executor& executor, std::size_t tasks) : left(tasks), over(executor) {}

  std::size_t left;  // without an answer yet
  mcp::Event over;
};

void ServerTasks::cancel(const TaskPtr& task) {
  if (!cancels_ || task->over() || task->lost()) return;
  auto alone = std::make_shared<Cancelling>(executor_, 1);
  asio::co_spawn(executor_, cancel_one(shared_from_this(), task, std::move(alone)), asio::detached);
}

Task<void> ServerTasks::cancel_all(std::vector<TaskPtr> tasks) {
  const auto self = shared_from_this();
  const auto all = std::make_shared<Cancelling>(executor_, tasks.size());
  for (const TaskPtr& task : tasks)
    asio::co_spawn(executor_, cancel_one(self, task, all), asio::detached);
  if (!tasks.empty()) co_await all->over.wait_until(Clock::now() + kCancelWait);
}

Task<void> ServerTasks::cancel_one(std::shared_ptr<ServerTasks> self, TaskPtr task, std::shared_ptr<Cancelling> all) {
  if (const auto session = task->session.lock(); session && !session->closed()) {
    mcp::Cancellation cancellation;
    const auto slow = [] { return Error{ErrorCode::timeout, "no answer in time"}; };
    const Deadline deadline(self->executor_, kCancelTime, slow, cancellation);
    const std::string params = "{\"taskId\":" + mcp::json_string(task->own_id) + "}";
    const auto answer = co_await session->call("tasks/cancel", params, cancellation);
    if (!answer || answer->is_error()) {
      const std::string cause =
          !answer ? answer.error().message : std::string(answer->raw(answer->envelope().error).substr(0, 300));
      mcp::log_debug(
          "upstream", "a task nobody waits for was not cancelled", {{"server", self->server_->name()}, {"cause", cause}});
    }
  }
  if (--all->left == 0) all->over.set();
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
  for (const TaskPtr& task : over) {
    if (!task->waiting.empty()) {
      task->expires = now + kLookAgain;
      continue;
    }
    cancel(task);
    remove(task);
  }
  arm();
}

}  // namespace gateway
