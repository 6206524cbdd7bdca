#include "gateway/downstream/stdio_endpoint.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "gateway/downstream/drain.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/era.h"

namespace gateway {

using mcp::Message;
using mcp::MessageKind;
using mcp::Task;

namespace {

constexpr auto kLastAnswers = std::chrono::seconds(1);  // of requests that were cancelled
constexpr auto kLastWrites = std::chrono::seconds(2);   // to a client that may have stopped reading

constexpr std::string_view kDropped = "an answer was dropped: the client does not read what it asked for";

Message does_not_fit(std::string_view id) {
  return mcp::error_response(id, {mcp::ErrorCode::overloaded, "the answer does not fit behind what still waits to be read"});
}

}  // namespace

StdioEndpoint::StdioEndpoint(const mcp::Executor& executor,
                             std::shared_ptr<mcp::MessagePipe> pipe,
                             std::shared_ptr<mcp::SessionHandler> handler)
    : executor_(executor),
      pipe_(std::move(pipe)),
      session_(mcp::ServerSession::create(std::move(handler), {.label = "stdio"})),
      closed_(executor) {}

void StdioEndpoint::open() {
  session_->set_outlet([pipe = std::weak_ptr(pipe_)](Message message) {
    const auto target = pipe.lock();
    return target && target->send(std::move(message));
  });
  mcp::MessagePipe::Receiver receiver;
  receiver.on_message = [weak = weak_from_this()](Message message) {
    if (auto self = weak.lock()) self->on_message(std::move(message));
  };
  receiver.on_invalid = [weak = weak_from_this()](const mcp::Error& error) {
    if (auto self = weak.lock()) self->on_invalid(error);
  };
  receiver.on_batch = [weak = weak_from_this()](std::string text) {
    if (auto self = weak.lock()) self->on_batch(std::move(text));
  };
  receiver.on_closed = [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->closed_.set();
  };
  pipe_->open(std::move(receiver));
}

void StdioEndpoint::on_message(Message message) {
  if (message.kind() != MessageKind::request) return session_->accept(std::move(message));
  if (auto refusal = mcp::refuse_stateless(message)) {
    pipe_->send(std::move(*refusal));
    return;
  }
  ++serving_;
  boost::asio::co_spawn(executor_, serve(std::move(message)), boost::asio::detached);
}

void StdioEndpoint::on_invalid(const mcp::Error& error) {
  const mcp::Error plain{error.code, error.message};
  pipe_->send(mcp::error_response(error.data, plain));
}

void StdioEndpoint::on_batch(std::string text) {
  auto batch = mcp::read_batch(std::move(text), session_->caller().version);
  if (!batch) {
    pipe_->send(mcp::error_response("null", batch.error()));
    return;
  }
  ++serving_;
  boost::asio::co_spawn(executor_, serve_batch(std::move(*batch)), boost::asio::detached);
}

mcp::ServerSession::Outlet StdioEndpoint::outlet() const {
  return [pipe = pipe_](Message message) { return pipe->send(std::move(message)); };
}

Task<void> StdioEndpoint::serve(Message request) {
  auto self = shared_from_this();
  auto outlet = this->outlet();
  auto answer = co_await session_->serve(std::move(request), std::move(outlet));
  if (answer) {
    const std::string id(answer->id());
    if (!pipe_->send(std::move(*answer))) {
      mcp::log_warn("downstream", kDropped);
      pipe_->send(does_not_fit(id));
    }
  }
  served();
}

/// Answers go out as one array, when the last is there.
Task<void> StdioEndpoint::serve_batch(mcp::BatchCall batch) {
  auto self = shared_from_this();
  std::vector<Message> answers;
  auto outlet = this->outlet();
  std::function<void(Message)> answered = [&answers](Message answer) { answers.push_back(std::move(answer)); };
  co_await mcp::serve_batch(executor_, session_, std::move(batch), std::move(outlet), std::move(answered));
  if (!answers.empty() && !pipe_->send_batch(mcp::batch_text(answers))) {
    mcp::log_warn("downstream", kDropped);
    for (Message& answer : answers)
      answer = does_not_fit(answer.id());
    pipe_->send_batch(mcp::batch_text(answers));
  }
  served();
}

void StdioEndpoint::served() {
  if (--serving_ == 0 && idle_) idle_->set();
}

Task<void> StdioEndpoint::finish(std::chrono::steady_clock::time_point deadline) {
  auto self = shared_from_this();
  if (serving_ > 0) {
    idle_ = std::make_unique<mcp::Event>(executor_);
    co_await idle_->wait_until(deadline);
  }
  if (serving_ > 0) {
    session_->cancel_all({mcp::ErrorCode::shutting_down, "the gateway is stopping"});
    idle_ = std::make_unique<mcp::Event>(executor_);
    co_await idle_->wait_until(mcp::Clock::now() + kLastAnswers);
  }
  session_->set_outlet({});
  // What servers asked outside any request would wait for ever.
  session_->cancel_all({mcp::ErrorCode::session_lost, "the client has gone"});
  co_await drain_within(executor_, pipe_, kLastWrites);
  pipe_->close();
  closed_.set();
}

}  // namespace gateway
