#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/upstream/live_spec.h"
#include "gateway/upstream/pooled_session.h"
#include "mcp/base/clock.h"
#include "mcp/base/event.h"
#include "mcp/rpc/request_handler.h"
#include "mcp/session/client_session.h"
#include "mcp/transport/transport.h"

namespace gateway {

/// What goes on in a pool at one moment: zero throughout when nobody wants anything of it.
struct PoolUse {
  std::size_t open_requests = 0;  // of clients, on all its sessions
  std::size_t questions = 0;      // of the servers', likewise
  std::size_t leases = 0;
  std::size_t waiting = 0;  // for a session
  std::size_t ending = 0;   // sessions
};

struct SessionPoolOptions {
  LiveSpecPtr server;
  /// Keeps the server's secrets out of what is logged and handed on; {}: there are none.
  std::function<mcp::Error(mcp::Error)> clean;
  /// A transport to the server, not opened yet.
  std::function<mcp::Result<std::shared_ptr<mcp::Transport>>()> connect;
  std::string instance;  // ClientSessionOptions::instance
  /// A session that nobody uses just now goes to the next client that wants one like it: where a session costs a process. Otherwise
  /// it stays with its client.
  bool in_turn = false;
  std::size_t max_sessions = 8;
  std::chrono::milliseconds stop_grace = std::chrono::seconds(2);
  std::chrono::milliseconds idle = std::chrono::minutes(10);         // a session unused so long is closed
  std::chrono::milliseconds retry_after = std::chrono::seconds(60);  // a session could not be opened: when to try again
  /// What a session's server sends that belongs to no request.
  std::function<void(PooledSession&, mcp::Message)> on_notification;
  /// ClientSessionOptions::on_incoming and on_answer of each session.
  std::function<bool(const mcp::ClientSession*, mcp::Message&, std::string& note)> on_incoming;
  std::function<void(const std::string& note, mcp::Message&)> on_answer;
  /// A session was lost, with which a client had more to do than a request (PooledSession::pinned()).
  std::function<void(PooledSession&)> on_lost;
};

/// Sessions with one server beside its runtime's own, for clients that the server may ask something (sampling, elicitation, roots):
/// each declares what its client declared, never more, and serves one client at a time, so that it is beyond doubt whom a question
/// is for. Opened when first wanted, bounded in number, never shared between principals (MCP 2025-11-25, "Client Features").
///
/// A client keeps its session. Where sessions go in turn, one that is not in use goes to the next client with the same capabilities
/// and principal, unless the server holds something of the client's there (subscriptions, roots), or the last request on it did not
/// end well, so that a late question may still come.
///
/// Loop thread only. Held by shared_ptr; close() before letting go.
class SessionPool final : public std::enable_shared_from_this<SessionPool> {
 public:
  /// The use of a session for one request.
  class Lease {
   public:
    Lease(std::shared_ptr<SessionPool> pool, std::shared_ptr<PooledSession> session);
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    const std::shared_ptr<PooledSession>& entry() const { return session_; }

    PooledSession& operator*() const { return *session_; }
    PooledSession* operator->() const { return session_.get(); }
    const std::shared_ptr<PooledSession>& session() const { return session_; }

   private:
    std::shared_ptr<SessionPool> pool_;
    std::shared_ptr<PooledSession> session_;
  };

  SessionPool(const mcp::Executor& executor, SessionPoolOptions options);

  /// A session for the client behind `context` that declares `capabilities` (adapt_capabilities). Waits for one to be opened, or to
  /// be free where there may be no more. Errors: why it could not be opened (and for a minute again, without another try unless
  /// `insisting`), overloaded where no session will be free, the reason of the context's cancellation, timeout at its deadline,
  /// shutting_down.
  mcp::Task<mcp::Result<Lease>> acquire(mcp::CallContext& context, std::string capabilities, bool insisting = false);

  /// The session turned out to be of no more use.
  void lose(const std::shared_ptr<PooledSession>& entry, mcp::Error reason);

  /// The session that this client holds, if it has one.
  std::shared_ptr<PooledSession> held_by(std::uint64_t client) const;

  /// The client has gone.
  void release(std::uint64_t client);

  std::size_t size() const { return sessions_.size(); }
  const std::vector<std::shared_ptr<PooledSession>>& sessions() const { return sessions_; }

  PoolUse use() const;

  /// Ends the session that was unused longest, of those that nobody needs; false where there is none.
  bool drop_unneeded();

  /// Sessions that are there, being opened, or being ended.
  std::size_t in_all() const { return sessions_.size() + ending_; }

  /// Ends all sessions; requests on them, and those that wait for one, fail with `reason`.
  mcp::Task<void> close(mcp::Error reason);

 private:
  using Clock = mcp::Clock;

  mcp::Result<std::shared_ptr<PooledSession>> choose(const mcp::Caller& caller, const std::string& capabilities, bool insisting);
  std::shared_ptr<PooledSession> find(const mcp::Caller& caller, const std::string& capabilities);
  std::shared_ptr<PooledSession> start(const mcp::Caller& caller, std::string capabilities);
  bool make_room();
  /// One of them will be free, or is being opened.
  bool any_in_use() const;
  static bool needed(const PooledSession& entry);
  /// Something is asked on it, either way.
  static bool busy(const PooledSession& entry);
  class Place;
  mcp::ClientSessionOptions session_options(const std::shared_ptr<PooledSession>& entry);
  static mcp::Task<void> open(std::shared_ptr<SessionPool> self, std::shared_ptr<PooledSession> entry);
  void remove(const std::shared_ptr<PooledSession>& entry, const mcp::Error& reason);
  static mcp::Task<void> end(std::shared_ptr<SessionPool> self, std::shared_ptr<PooledSession> entry, mcp::Error reason);
  /// Until something has changed. Errors: the reason of the context's cancellation, `late` at its deadline.
  mcp::Task<mcp::Result<>> wait_for_change(mcp::CallContext& context, const mcp::Error& late);
  void changed();
  void arm_sweep();
  void sweep();

  mcp::Executor executor_;
  SessionPoolOptions options_;
  std::vector<std::shared_ptr<PooledSession>> sessions_;
  std::list<mcp::Event*> waiters_;     // in the order they came
  std::size_t ending_ = 0;             // sessions that are being ended
  std::optional<mcp::Error> closed_;   // why nothing is opened any more
  std::optional<mcp::Error> failure_;  // of the last try to open one
  Clock::time_point failed_until_;
  mcp::Timer sweep_timer_;
  bool sweeping_ = false;
};

}  // namespace gateway
