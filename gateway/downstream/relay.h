#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/downstream/relay_questions.h"
#include "mcp/base/event.h"
#include "mcp/transport/message_pipe.h"
#include "mcp/transport/transport.h"

namespace gateway {

struct RelayOptions {
  /// Where the gateway is now: a transport to it, not opened yet; null while there is none. Asked on the loop, again and again
  /// while the gateway is away.
  std::function<mcp::Result<std::shared_ptr<mcp::Transport>>()> find;
  /// How long the gateway may be away. One that is there, and takes no connections (it is stopping), may be so three times as long.
  std::chrono::milliseconds patience = std::chrono::seconds(10);
  std::size_t max_waiting = 100;  // requests that wait for its return, and
  std::size_t max_waiting_bytes = std::size_t{64} << 20;
};

/// Carries one client's session between a message pipe (our stdin and stdout) and a gateway reached through a transport: everything
/// passes through, only request ids are mapped.
///
/// A gateway that is lost (it takes no connections, one broke, it no longer knows the session) is looked for again. What was sent
/// to it is not sent a second time, initialize excepted: it fails with what its transport says, or is answered still by a gateway
/// that finishes what it has begun. Requests that come meanwhile wait, as far as there is room. The gateway that is found is
/// greeted with the client's own initialize (asking for the revision the client was given) and notifications/initialized, and the
/// client hears that every list may have changed. Where none is found in time, or the one that is does not take the session over,
/// the relay ends.
///
/// Loop thread only. Held by shared_ptr.
class Relay final : public std::enable_shared_from_this<Relay> {
 public:
  Relay(const mcp::Executor& executor, std::shared_ptr<mcp::MessagePipe> client, RelayOptions options);

  void open();

  /// Set when the client closed its end, or the gateway was lost for good (then lost() tells why).
  mcp::Event& ended() { return ended_; }
  const std::optional<mcp::Error>& lost() const { return lost_; }

  /// Lets open requests finish until `deadline`, then ends both sides.
  mcp::Task<void> finish(std::chrono::steady_clock::time_point deadline);

 private:
  class Link;
  using Clock = std::chrono::steady_clock;

  /// A request of the client's on its way; lives in the frame of its coroutine.
  struct Open {
    std::uint64_t id = 0;  // ours
    bool taken_back = false;
    std::weak_ptr<Link> link;  // where it was sent
  };

  /// The answers to a batch of the client's, until all are there.
  struct Gathered {
    std::vector<mcp::Message> answers;
    std::size_t open = 0;
  };

  void from_client(mcp::Message message);
  void from_gateway(mcp::Message message, const std::shared_ptr<mcp::Transport>& from);
  void batch_from_client(std::string text);
  void cancelled(mcp::Message notification);
  /// The answer goes to the client, or to `batch` where the request came in one.
  void send_answer(const std::string& client_id, mcp::Message answer, bool call);
  mcp::Task<void> carry(mcp::Message request, std::shared_ptr<Gathered> batch);
  void send_if_complete(const Gathered& batch);
  mcp::Task<mcp::Result<mcp::Message>> forward(mcp::Message request, Open& open);
  mcp::Task<mcp::Result<>> wait_for_link(std::size_t size);
  mcp::Task<mcp::Result<mcp::Message>> send_over(std::shared_ptr<Link> link, mcp::Message request, Open& open);
  void introduced(mcp::Message request, const mcp::Message& answer);

  void lose(const std::shared_ptr<Link>& link, const mcp::Error& reason);
  void begin_absence(const mcp::Error& cause, std::chrono::milliseconds pause);
  mcp::Task<void> look(std::chrono::milliseconds pause);
  /// One try; true when the search is over, good or bad.
  mcp::Task<bool> look_once();
  mcp::Task<mcp::Result<>> greet(Link& link);
  void adopt(std::shared_ptr<Link> link);
  /// `refusal`: why the gateway that runs now is none for us; without it, there is none.
  void give_up(const std::optional<mcp::Error>& refusal);
  void let_go(const std::shared_ptr<Link>& link);
  static mcp::Task<void> farewell(std::shared_ptr<Link> link);
  mcp::Task<void> wait_idle(Clock::time_point deadline);

  mcp::Executor executor_;
  std::shared_ptr<mcp::MessagePipe> client_;
  const RelayOptions options_;
  mcp::Event ended_;
  mcp::Cancellation stopping_;
  std::optional<mcp::Error> lost_;

  std::shared_ptr<Link> link_;                       // null while the gateway is looked for
  std::unordered_set<std::shared_ptr<Link>> links_;  // and former ones, whose last requests are not answered yet
  std::shared_ptr<mcp::Event> found_;                // while it is looked for: set when that has come to an end, good or bad
  struct Absence {
    Clock::time_point since;
    Clock::time_point until;
    mcp::Error cause;
  };
  std::optional<Absence> absence_;  // from the loss to the first sign of life

  struct Handshake {
    mcp::Message initialize;  // the client's, asking for the revision it was given
    std::string version;
    bool complete = false;  // the client has sent notifications/initialized
  };
  std::optional<Handshake> handshake_;

  RelayQuestions questions_;
  std::unordered_map<std::string, Open*> open_;  // by the client's id, JSON text
  std::uint64_t next_id_ = 1;
  std::size_t carrying_ = 0;
  std::size_t waiting_ = 0, waiting_bytes_ = 0;
  std::unique_ptr<mcp::Event> idle_;
};

}  // namespace gateway
