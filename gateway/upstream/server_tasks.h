#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/upstream/live_spec.h"
#include "gateway/upstream/pooled_session.h"
#include "mcp/base/clock.h"
#include "mcp/rpc/request_handler.h"
#include "mcp/session/client_session.h"

namespace gateway {

/// A task that runs at a server, and whose it is. Loop thread only.
struct ServerTask {
  /// The session is gone on which alone the server knows the task.
  bool lost() const;

  /// The server has said how it ended, or given its result.
  bool over() const;

  /// As its owner is to see it now: what the server said last, or how it was lost. A Task object, JSON text.
  std::string seen() const;

  std::uint64_t number = 0;  // tasks made later have higher ones
  std::string id;            // ours, unguessable
  std::string own_id;        // the server's
  std::string tool;          // that runs, by its own name
  std::uint64_t client = 0;  // Caller::id of its owner
  std::weak_ptr<mcp::ClientPeer> peer;
  std::weak_ptr<mcp::ClientSession> session;  // on which it was made
  std::weak_ptr<PooledSession> own;           // likewise, where that is the owner's alone; none for the shared session
  bool driven = false;                        // the owner made a plain call and knows of no task
  std::uint64_t progress_of = 0;              // the request that made it (RequestLink::id)
  std::string progress_token;                 // the owner's, JSON text; "" where it wants no progress
  std::string state;                          // as the server said last, under our id
  bool result_read = false;                   // the owner has had the result
  std::chrono::steady_clock::time_point made;
  std::optional<std::chrono::steady_clock::time_point> expires;
  std::vector<mcp::CallContext*> waiting;  // of requests of the owner's that wait for the task's result, the newest last
  double progress = -std::numeric_limits<double>::infinity();  // as the owner was told last outside of these
  bool pins = false;                                           // counted in own->tasks
  const mcp::ClientSession* made_on = nullptr;                 // the address of `session`, for the table alone
};

/// The tasks of one server's that clients of the gateway have started (MCP 2025-11-25, "Tasks"), each bound to the session of the
/// client that did: nobody else finds it. A task leaves with its ttl or its client; at most 100 of a client and 1000 in all, where
/// those that are lost or over make room for new ones, first those whose result was read. Driven ones count apart.
///
/// Where a task leaves that may run on, its session goes to no other client (PooledSession::doubtful).
///
/// Loop thread only. Held by shared_ptr.
class ServerTasks final : public std::enable_shared_from_this<ServerTasks> {
 public:
  static constexpr std::size_t kMaxOfClient = 100;
  static constexpr std::size_t kMaxInAll = 1000;

  using TaskPtr = std::shared_ptr<ServerTask>;

  /// A task as the server has just made it.
  struct Made {
    std::shared_ptr<mcp::ClientSession> session;
    std::shared_ptr<PooledSession> own;  // null: the session is shared
    std::string_view task;               // the Task object of its answer
    std::string tool;
    std::uint64_t progress_of = 0;
    std::string progress_token;
    bool driven = false;
  };

  ServerTasks(const mcp::Executor& executor, LiveSpecPtr server);
  ~ServerTasks();
  ServerTasks(const ServerTasks&) = delete;
  ServerTasks& operator=(const ServerTasks&) = delete;

  /// Whether the client may start one more (overloaded), which claims a place for it until the Place goes.
  class Place {
   public:
    Place(std::shared_ptr<ServerTasks> tasks, std::uint64_t client, bool driven);
    ~Place();
    Place(Place&&) noexcept = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Place& operator=(Place&&) = delete;

   private:
    std::shared_ptr<ServerTasks> tasks_;
    std::multiset<std::pair<std::uint64_t, bool>>::iterator place_;
  };
  mcp::Result<Place> claim(std::uint64_t client, bool driven);

  /// Errors: not_mcp where the server's answer names no new task.
  mcp::Result<TaskPtr> add(Made made, mcp::CallContext& context);

  /// The client's task of that id; null where it has none. Driven tasks are not found.
  TaskPtr find(std::uint64_t client, std::string_view id) const;

  /// The client's tasks, oldest first, without driven ones.
  std::vector<TaskPtr> of(std::uint64_t client) const;

  /// The server has said how the task is: a Task object.
  void learn(const TaskPtr& task, std::string_view said);

  /// Its session need not be kept for its sake any more.
  static void unpin(ServerTask& task);

  void remove(TaskPtr task);

  /// The client has gone, and its tasks with it. Those that still run, and that the server can cancel.
  std::vector<TaskPtr> forget(std::uint64_t client);

  /// Whether the server cancels tasks; it is asked where it has not been said yet.
  void server_cancels(bool cancels) { cancels_ = cancels; }

  /// Asks the server to cancel the task; nobody waits for the answer.
  void cancel(const TaskPtr& task);

  /// The same for several, all at once; returns when all are answered, after 2 s at most.
  mcp::Task<void> cancel_all(std::vector<TaskPtr> tasks);

  /// ClientSessionOptions::on_incoming of a session with the server: writes the owner's id of a task for the server's, and tells
  /// the owner alone what concerns it. False where that is all there is to do. The note is the server's id.
  bool incoming(const mcp::ClientSession* session, mcp::Message& message, std::string& note);

  /// ClientSessionOptions::on_answer: the other way, by the note alone, whatever has become of the task.
  static void outgoing(const std::string& note, mcp::Message& answer);

  /// Takes progress that belongs to no open request. False where it is no task's.
  bool progress(const mcp::ClientSession* session, mcp::Message& notification) const;

  std::size_t size() const { return tasks_.size(); }

  /// One of them is not lost, and its owner may still fetch its result.
  bool awaited() const;

  /// One of them is neither over nor lost, or is just being made.
  bool running() const;

 private:
  using Clock = mcp::Clock;
  using Key = std::pair<const mcp::ClientSession*, std::string>;

  TaskPtr find_own(const mcp::ClientSession* session, const std::string& own_id) const;
  bool tell_status(const mcp::ClientSession* session, const mcp::Message& notification);
  static void tell(const ServerTask& task, mcp::Message notification);
  using Which = std::function<bool(const ServerTask&)>;
  bool drop_one(const Which& which);
  void keep_early(const mcp::ClientSession* session, std::string_view said);
  void learn_early(const TaskPtr& task);
  struct Cancelling;
  static mcp::Task<void> cancel_one(std::shared_ptr<ServerTasks> self, TaskPtr task, std::shared_ptr<Cancelling> all);
  void arm();
  void sweep();

  mcp::Executor executor_;
  const LiveSpecPtr server_;
  std::unordered_map<std::string, TaskPtr> tasks_;                                   // by our id
  std::map<Key, TaskPtr> by_own_id_;                                                 // by the server's
  std::map<std::pair<const mcp::ClientSession*, std::uint64_t>, TaskPtr> by_token_;  // those with progress
  std::multiset<std::pair<std::uint64_t, bool>> starting_;                           // claimed places: client, driven
  /// What was said of tasks that had no name yet, while some are being made.
  struct Early {
    std::weak_ptr<const mcp::ClientSession> session;
    std::string own_id, said;
  };
  std::deque<Early> early_;
  bool cancels_ = true;
  mcp::Timer timer_;
};

}  // namespace gateway
