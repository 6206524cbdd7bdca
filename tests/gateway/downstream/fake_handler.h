#pragma once

#include <memory>
#include <string>
#include <utility>

#include "mcp/base/event.h"
#include "mcp/session/server_session.h"

namespace gateway {

/// Answers everything at once with {"method": …}; "wait" when let go or cancelled, "large" with a megabyte.
class FakeHandler final : public mcp::SessionHandler {
 public:
  explicit FakeHandler(const mcp::Executor& executor) : executor_(executor), release_(std::make_shared<mcp::Event>(executor)) {}

  void opened(const std::weak_ptr<mcp::ServerSession>& session) override { session_ = session; }

  mcp::Task<mcp::Result<mcp::Message>> handle(mcp::Message request, mcp::CallContext& context) override {
    if (request.method() == "wait") {
      ++waiting;
      const auto release = release_;
      const mcp::Cancellation::Callback callback(context.cancellation(), [this] { let_go(); });
      context.notify(mcp::Message::notification("notifications/progress", R"({"progressToken":1,"progress":1})"));
      co_await release->wait();
    }
    if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
    std::string result = R"({"method":")" + std::string(request.method()) + "\"";
    if (request.method() == "large") result += R"(,"text":")" + std::string(1'000'000, 'x') + "\"";
    result += "}";
    co_return mcp::Message::result(request.id(), result);
  }

  void notice(mcp::Message, mcp::CallContext&) override {}

  void let_go() { std::exchange(release_, std::make_shared<mcp::Event>(executor_))->set(); }

  std::shared_ptr<mcp::ServerSession> session() const { return session_.lock(); }

  int waiting = 0;

 private:
  mcp::Executor executor_;
  std::shared_ptr<mcp::Event> release_;
  std::weak_ptr<mcp::ServerSession> session_;
};

}  // namespace gateway
