#include "gateway/downstream/relay.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/downstream/drain.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::Error;
using mcp::Message;
using mcp::MessageKind;
using mcp::Task;

namespace {

constexpr auto kLastWrites = std::chrono::seconds(2);  // to a client that may have stopped reading

}  // namespace

Relay::Relay(const mcp::Executor& executor, std::shared_ptr<mcp::MessagePipe> client, std::shared_ptr<mcp::Transport> server)
    : executor_(executor), client_(std::move(client)), server_(std::move(server)), ended_(executor) {}

Task<mcp::Result<>> Relay::open() {
  auto self = shared_from_this();
  auto opened = co_await server_->open(*this);
  if (!opened) co_return opened;
  mcp::MessagePipe::Receiver receiver;
  receiver.on_message = [weak = weak_from_this()](Message message) {
    if (auto relay = weak.lock()) relay->from_client(std::move(message));
  };
  receiver.on_invalid = [weak = weak_from_this()](const Error& error) {
    const Error plain{error.code, error.message};
    if (auto relay = weak.lock()) relay->client_->send(mcp::error_response(error.data, plain));
  };
  receiver.on_closed = [weak = weak_from_this()] {
    if (auto relay = weak.lock()) relay->ended_.set();
  };
  client_->open(std::move(receiver));
  co_return mcp::Result<>();
}

void Relay::from_client(Message message) {
  if (message.kind() == MessageKind::request) {
    boost::asio::co_spawn(executor_, carry(std::move(message)), boost::asio::detached);
    return;
  }
  if (message.method() == "notifications/cancelled") {
    const auto found = open_.find(std::string(message.raw(message.envelope().request_id)));
    if (found == open_.end()) return;
    found->second.taken_back = true;
    const std::string id = std::to_string(found->second.id);
    message.replace(&mcp::Envelope::request_id, id);
  }
  server_->send(std::move(message));
}

Task<void> Relay::carry(Message request) {
  auto self = shared_from_this();
  const std::string client_id(request.id());
  const bool initialize = request.method() == "initialize";
  const std::uint64_t id = next_id_++;
  open_[client_id] = {id};
  ++carrying_;
  const std::string own_id = std::to_string(id);
  request.set_id(own_id);
  mcp::Cancellation cancellation;
  auto answer = co_await server_->request(std::move(request), id, cancellation);
  // A request that was taken back gets no answer, whatever came of it.
  const bool wanted = close_entry(client_id, id);
  if (--carrying_ == 0 && idle_) idle_->set();
  if (!answer) {
    if (wanted) client_->send(mcp::error_response(client_id, answer.error()));
    const auto code = answer.error().code;
    if (code == mcp::ErrorCode::connect_failed || code == mcp::ErrorCode::session_lost) on_closed(answer.error());
    co_return;
  }
  if (initialize && !answer->is_error()) {
    const auto version = mcp::decode_json_string(mcp::member(answer->raw(answer->envelope().result), "protocolVersion"));
    server_->negotiated(mcp::parse_protocol_version(version).value_or(mcp::kLatestVersion));
  }
  if (!wanted) co_return;
  answer->set_id(client_id);
  client_->send(std::move(*answer));
}

bool Relay::close_entry(const std::string& client_id, std::uint64_t id) {
  const auto found = open_.find(client_id);
  if (found == open_.end() || found->second.id != id) return true;  // the client uses the id a second time
  const bool wanted = !found->second.taken_back;
  open_.erase(found);
  return wanted;
}

void Relay::on_message(Message message, std::optional<std::uint64_t>) {
  client_->send(std::move(message));
}

void Relay::on_closed(const Error& reason) {
  if (!lost_) lost_ = reason;
  ended_.set();
}

Task<void> Relay::finish(std::chrono::steady_clock::time_point deadline) {
  auto self = shared_from_this();
  if (carrying_ > 0 && !lost_) {
    idle_ = std::make_unique<mcp::Event>(executor_);
    co_await idle_->wait_until(deadline);
  }
  co_await server_->close(std::chrono::seconds(1));
  co_await drain_within(executor_, client_, kLastWrites);
  client_->close();
}

}  // namespace gateway
