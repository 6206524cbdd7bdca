#include "gateway/downstream/stdio_endpoint.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/downstream/drain.h"
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

Task<void> StdioEndpoint::serve(Message request) {
  auto self = shared_from_this();
  mcp::ServerSession::Outlet outlet = [pipe = pipe_](Message message) { return pipe->send(std::move(message)); };
  auto answer = co_await session_->serve(std::move(request), std::move(outlet));
  if (answer) {
    const std::string id(answer->id());
    if (!pipe_->send(std::move(*answer))) {
      const mcp::Error error{mcp::ErrorCode::overloaded, "the answer does not fit behind what still waits to be read"};
      mcp::log_warn("downstream", "an answer was dropped: the client does not read what it asked for");
      pipe_->send(mcp::error_response(id, error));
    }
  }
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
    co_await idle_->wait_until(std::chrono::steady_clock::now() + kLastAnswers);
  }
  session_->set_outlet({});
  co_await drain_within(executor_, pipe_, kLastWrites);
  pipe_->close();
  closed_.set();
}

}  // namespace gateway
