#include "gateway/downstream/relay.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/downstream/drain.h"
#include "gateway/downstream/relay_errors.h"
#include "gateway/downstream/relay_handshake.h"
#include "mcp/base/log.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/batch_call.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::MessageKind;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kLastWrites = std::chrono::seconds(2);   // to a client that may have stopped reading
constexpr auto kLastAnswers = std::chrono::seconds(1);  // of requests that were cancelled
constexpr auto kFarewell = std::chrono::seconds(1);     // for the end of a session at the gateway
constexpr auto kPause = std::chrono::milliseconds(100);
constexpr std::size_t kShown = 500;   // of what a gateway says
constexpr int kStoppingPatience = 3;  // times `patience`, for a gateway that is there and takes no connections

}  // namespace

/// One connection to the gateway. What a former one still has to say is told from what the present one says.
class Relay::Link final : public mcp::Transport::Receiver, public std::enable_shared_from_this<Link> {
 public:
  Link(std::weak_ptr<Relay> relay, std::shared_ptr<mcp::Transport> to) : transport(std::move(to)), relay_(std::move(relay)) {}

  const std::shared_ptr<mcp::Transport> transport;
  std::size_t open = 0;  // requests

 private:
  void on_message(Message message, std::optional<std::uint64_t>) override {
    if (const auto relay = relay_.lock()) relay->from_gateway(std::move(message), transport);
  }

  void on_closed(const Error& reason) override {
    if (const auto relay = relay_.lock()) relay->lose(shared_from_this(), reason);
  }

  void on_unreachable(const Error& reason) override { on_closed(reason); }

  const std::weak_ptr<Relay> relay_;
};

Relay::Relay(const mcp::Executor& executor, std::shared_ptr<mcp::MessagePipe> client, RelayOptions options)
    : executor_(executor), client_(std::move(client)), options_(std::move(options)), ended_(executor) {}

void Relay::open() {
  mcp::MessagePipe::Receiver receiver;
  receiver.on_message = [weak = weak_from_this()](Message message) {
    if (auto relay = weak.lock()) relay->from_client(std::move(message));
  };
  receiver.on_invalid = [weak = weak_from_this()](const Error& error) {
    const Error plain{error.code, error.message};
    if (auto relay = weak.lock()) relay->client_->send(mcp::error_response(error.data, plain));
  };
  receiver.on_batch = [weak = weak_from_this()](std::string text) {
    if (auto relay = weak.lock()) relay->batch_from_client(std::move(text));
  };
  receiver.on_closed = [weak = weak_from_this()] {
    if (auto relay = weak.lock()) relay->ended_.set();
  };
  client_->open(std::move(receiver));
  begin_absence({ErrorCode::connect_failed, "no gateway runs"}, std::chrono::milliseconds(0));
}

void Relay::from_client(Message message) {
  if (message.kind() == MessageKind::request) {
    boost::asio::co_spawn(executor_, carry(std::move(message), nullptr), boost::asio::detached);
    return;
  }
  if (message.method() == "notifications/cancelled") return cancelled(std::move(message));
  if (message.kind() == MessageKind::response) {
    if (const auto asker = questions_.answered(message)) asker->send(std::move(message));
    return;
  }
  if (message.method() == "notifications/initialized" && handshake_) handshake_->complete = true;
  if (link_) link_->transport->send(std::move(message));
}

void Relay::from_gateway(Message message, const std::shared_ptr<mcp::Transport>& from) {
  if (questions_.pass(message, from)) {
    client_->send(std::move(message));
  } else {
    from->send(mcp::error_response(message.id(), {ErrorCode::overloaded, "too many questions wait for the client's answer"}));
  }
}

/// Its messages go on one by one: the session at the gateway may come to be another.
void Relay::batch_from_client(std::string text) {
  const auto version = handshake_ ? mcp::parse_protocol_version(handshake_->version) : std::nullopt;
  auto batch = mcp::read_batch(std::move(text), version.value_or(mcp::kLatestVersion));
  if (!batch) {
    client_->send(mcp::error_response("null", batch.error()));
    return;
  }
  const auto gathered = std::make_shared<Gathered>(std::move(batch->refusals), batch->requests);
  const bool nothing_to_wait_for = batch->requests == 0;
  for (Message& message : batch->messages) {
    if (message.kind() == MessageKind::request) {
      boost::asio::co_spawn(executor_, carry(std::move(message), gathered), boost::asio::detached);
    } else {
      from_client(std::move(message));
    }
  }
  if (nothing_to_wait_for) send_if_complete(*gathered);
}

void Relay::send_if_complete(const Gathered& batch) {
  if (batch.open == 0 && !batch.answers.empty()) client_->send_batch(mcp::batch_text(batch.answers));
}

void Relay::cancelled(Message notification) {
  const auto found = open_.find(std::string(notification.raw(notification.envelope().request_id)));
  if (found == open_.end()) return;
  Open& open = *found->second;
  open.taken_back = true;
  const auto link = open.link.lock();
  if (!link) return;  // it was not sent yet
  const std::string id = std::to_string(open.id);
  notification.replace(&mcp::Envelope::request_id, id);
  link->transport->send(std::move(notification));
}

/// Where the client does not read, at least a short answer may still fit.
void Relay::send_answer(const std::string& client_id, Message answer, bool call) {
  if (client_->send(std::move(answer))) return;
  mcp::log_warn("downstream", "an answer was dropped: the client does not read what it asked for");
  const Error error{ErrorCode::overloaded, "the answer does not fit behind what still waits to be read"};
  client_->send(failure(client_id, error, call));
}

Task<void> Relay::carry(Message request, std::shared_ptr<Gathered> batch) {
  auto self = shared_from_this();
  const std::string client_id(request.id());
  const bool call = request.method() == "tools/call";
  Open open{next_id_++};
  open_[client_id] = &open;
  ++carrying_;
  auto answer = co_await forward(std::move(request), open);
  // The client may use the id a second time before it has the answer.
  if (const auto found = open_.find(client_id); found != open_.end() && found->second == &open) open_.erase(found);
  // A request that was taken back gets no answer, whatever came of it.
  if (!open.taken_back) {
    if (answer) answer->set_id(client_id);
    Message last = answer ? std::move(*answer) : failure(client_id, answer.error(), call);
    if (batch) {
      batch->answers.push_back(std::move(last));
    } else {
      send_answer(client_id, std::move(last), call);
    }
  }
  if (batch) {
    --batch->open;
    send_if_complete(*batch);
  }
  if (--carrying_ == 0 && idle_) idle_->set();
}

Task<Result<Message>> Relay::forward(Message request, Open& open) {
  const bool initialize = request.method() == "initialize";
  const bool call = request.method() == "tools/call";
  const std::string own_id = std::to_string(open.id);
  request.set_id(own_id);
  for (;;) {
    if (auto waited = co_await wait_for_link(request.text().size()); !waited) co_return std::unexpected(std::move(waited).error());
    if (open.taken_back) co_return fail(ErrorCode::cancelled, "cancelled by the client");
    Message sent = request.clone();
    auto answer = co_await send_over(link_, std::move(sent), open);
    if (answer) {
      if (initialize) introduced(std::move(request), *answer);
      co_return std::move(*answer);
    }
    // What never left may leave later; initialize does nothing that could be done twice.
    const ErrorCode code = answer.error().code;
    const bool again = code == ErrorCode::connect_failed || (initialize && code == ErrorCode::connection_lost);
    if (!again) co_return std::unexpected(open_when_lost(std::move(answer).error(), call));
  }
}

Task<Result<Message>> Relay::send_over(std::shared_ptr<Link> link, Message request, Open& open) {
  const bool initialize = request.method() == "initialize";
  open.link = link;
  ++link->open;
  auto answer = co_await link->transport->request(std::move(request), open.id, stopping_);
  --link->open;
  if (link != link_) {
    let_go(link);
    if (answer && initialize) co_return fail(ErrorCode::connection_lost, "the session that was opened is of no use any more.");
  } else if (answer) {
    absence_.reset();
  }
  if (!answer && is_loss(answer.error().code)) lose(link, answer.error());
  co_return answer;
}

Task<Result<>> Relay::wait_for_link(std::size_t size) {
  if (link_) co_return Result<>();
  if (!lost_ && (waiting_ >= options_.max_waiting || waiting_bytes_ + size > options_.max_waiting_bytes)) {
    co_return fail(ErrorCode::overloaded,
                   "the gateway was lost and is being looked for; " + std::to_string(waiting_) + " requests wait for it already",
                   "Try again in a moment.");
  }
  ++waiting_;
  waiting_bytes_ += size;
  while (!link_ && !lost_ && !stopping_.requested()) {
    const auto found = found_;
    co_await found->wait();
  }
  --waiting_;
  waiting_bytes_ -= size;
  if (stopping_.requested()) co_return std::unexpected(stopping_.reason());
  if (!link_) co_return std::unexpected(*lost_);
  co_return Result<>();
}

void Relay::introduced(Message request, const Message& answer) {
  if (answer.is_error() || handshake_) return;
  std::string version = version_of(answer);
  link_->transport->negotiated(mcp::parse_protocol_version(version).value_or(mcp::kLatestVersion));
  Message again = with_version(std::move(request), version);
  handshake_ = {std::move(again), std::move(version)};
}

void Relay::lose(const std::shared_ptr<Link>& link, const Error& reason) {
  if (link != link_) return;
  link_.reset();
  let_go(link);
  mcp::log_warn("downstream", "the gateway was lost; looking for it", {{"cause", reason.message}});
  begin_absence(reason, kPause);
}

void Relay::begin_absence(const Error& cause, std::chrono::milliseconds pause) {
  const auto now = Clock::now();
  if (!absence_) absence_ = {now, now + options_.patience, cause};
  absence_->cause = cause;
  found_ = std::make_shared<mcp::Event>(executor_);
  boost::asio::co_spawn(executor_, look(pause), boost::asio::detached);
}

Task<void> Relay::look(std::chrono::milliseconds pause) {
  auto self = shared_from_this();
  for (bool over = false; !over; pause = kPause) {
    if (pause.count() > 0) co_await mcp::pause(pause, stopping_);
    if (stopping_.requested()) co_return;
    over = co_await look_once();
  }
}

Task<bool> Relay::look_once() {
  auto found = options_.find();
  if (!found) absence_->cause = found.error();
  if (found && *found) {
    const auto now = Clock::now();
    const auto last = absence_->since + kStoppingPatience * options_.patience;
    absence_->until = std::min(last, now + options_.patience);
    // Without a greeting there is no telling here whether it takes connections.
    if (!handshake_ && now >= last) {
      give_up(std::nullopt);
      co_return true;
    }
    auto link = std::make_shared<Link>(weak_from_this(), std::move(*found));
    links_.insert(link);
    const auto greeted = co_await greet(*link);
    if (stopping_.requested()) co_return true;
    if (greeted) {
      adopt(std::move(link));
      co_return true;
    }
    let_go(link);
    if (!is_loss(greeted.error().code)) give_up(greeted.error());
  }
  if (!lost_ && Clock::now() >= absence_->until) give_up(std::nullopt);
  co_return lost_.has_value();
}

Task<Result<>> Relay::greet(Link& link) {
  auto opened = co_await link.transport->open(link);
  if (!opened || !handshake_) co_return opened;
  const std::uint64_t id = next_id_++;
  const std::string own_id = std::to_string(id);
  Message request = handshake_->initialize.clone();
  request.set_id(own_id);
  Error slow{ErrorCode::timeout, "it does not answer initialize"};
  mcp::TimedCancellation limit(executor_, &stopping_, absence_->until, std::move(slow));
  const auto answer = co_await link.transport->request(std::move(request), id, limit.get());
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->is_error()) {
    const auto message = mcp::member(answer->raw(answer->envelope().error), "message");
    co_return fail(ErrorCode::invalid_request, "it answers: " + mcp::decode_json_string(message).substr(0, kShown));
  }
  const std::string version = version_of(*answer);
  if (version != handshake_->version) {
    co_return fail(ErrorCode::unsupported_version,
                   "it does not speak MCP " + handshake_->version + ", as was agreed with the client",
                   "Let the client start this program again.");
  }
  link.transport->negotiated(mcp::parse_protocol_version(version).value_or(mcp::kLatestVersion));
  if (handshake_->complete) link.transport->send(Message::notification("notifications/initialized", {}));
  co_return Result<>();
}

void Relay::adopt(std::shared_ptr<Link> link) {
  link_ = std::move(link);
  found_->set();
  if (!handshake_) return;
  absence_.reset();
  mcp::log_info("downstream", "the gateway is back");
  if (!handshake_->complete) return;
  for (const std::string_view kind : {"tools", "prompts", "resources"})
    client_->send(Message::notification("notifications/" + std::string(kind) + "/list_changed", {}));
}

void Relay::give_up(const std::optional<Error>& refusal) {
  lost_ = lost_for_good(absence_->cause, refusal, Clock::now() - absence_->since);
  found_->set();
  ended_.set();
}

/// A former connection ends when nothing is open on it any more.
void Relay::let_go(const std::shared_ptr<Link>& link) {
  if (link->open > 0 || links_.erase(link) == 0) return;
  // Nobody waits for these answers any more.
  for (const std::string& id : questions_.drop(*link->transport)) {
    const std::string params = "{\"requestId\":" + id + R"(,"reason":"the gateway that asked was lost"})";
    client_->send(Message::notification("notifications/cancelled", params));
  }
  boost::asio::co_spawn(executor_, farewell(link), boost::asio::detached);
}

Task<void> Relay::farewell(std::shared_ptr<Link> link) {
  co_await link->transport->close(kFarewell);
}

Task<void> Relay::wait_idle(Clock::time_point deadline) {
  if (carrying_ == 0) co_return;
  idle_ = std::make_unique<mcp::Event>(executor_);
  co_await idle_->wait_until(deadline);
}

Task<void> Relay::finish(Clock::time_point deadline) {
  auto self = shared_from_this();
  if (!lost_) co_await wait_idle(deadline);
  stopping_.request({ErrorCode::shutting_down, "the relay to the gateway is ending"});
  if (found_) found_->set();
  co_await wait_idle(Clock::now() + kLastAnswers);
  link_.reset();
  for (const auto& link : std::exchange(links_, {}))
    co_await link->transport->close(kFarewell);
  co_await drain_within(executor_, client_, kLastWrites);
  client_->close();
}

}  // namespace gateway
