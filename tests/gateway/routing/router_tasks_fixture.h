#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/gateway/routing/router_fixture.h"
#include "tests/gateway/routing/task_server.h"

namespace gateway {

/// Where a message names the task it belongs to.
inline constexpr auto kRelated = "io.modelcontextprotocol/related-task";

/// Clients of a server whose tools run as tasks.
class RouterTasksTest : public RouterTest {
 protected:
  RouterTasksTest() {
    dependencies_.connect = [this](const ServerSpec&) -> mcp::Result<std::shared_ptr<mcp::Transport>> { return server_.connect(); };
  }

  ~RouterTasksTest() override { leave(); }

  /// Opens the test's client; `capabilities` are what it can be asked.
  void enter(const json& capabilities = json::object(), const std::string& version = "2025-11-25", Naming naming = {}) {
    if (runtimes_.empty()) settle(remote("srv", "http://127.0.0.1/"));
    open(naming);
    introduce(capabilities, version);
  }

  /// Clients one after the other on the same view; the last is session_.
  void enter_another(const json& capabilities = json::object()) {
    others_.push_back(session_);
    RouterContext context{.executor = loop_.get_executor(), .metrics = &metrics_};
    session_ = mcp::ServerSession::create(std::make_shared<Router>(std::move(context), view_), {});
    session_->set_outlet([this](const mcp::Message& message) {
      pushed_to_another_.emplace_back(message.text());
      return true;
    });
    introduce(capabilities, "2025-11-25");
  }

  void introduce(const json& capabilities, const std::string& version) {
    introduction_ = ask("initialize", {{"protocolVersion", version}, {"capabilities", capabilities}})["result"];
    ASSERT_TRUE(session_->initialized());
  }

  /// The last client goes.
  void leave_last() {
    session_->cancel_all({mcp::ErrorCode::cancelled, "the client is gone"});
    session_.reset();
    run_ready();
  }

  /// All clients go; nothing may be left.
  void leave() {
    others_.push_back(std::move(session_));
    for (const auto& session : others_) {
      if (session) session->cancel_all({mcp::ErrorCode::cancelled, "the client is gone"});
    }
    others_.clear();
    run_ready();
    for (const auto& runtime : runtimes_)
      EXPECT_EQ(runtime->clients().tasks().size(), 0U);
  }

  TaskServer::Connection& at(std::size_t connection = 0) { return *server_.connections.at(connection); }

  ServerTasks& table() { return runtimes_.front()->clients().tasks(); }

  json begin(const json& meta = json::object(), const std::string& tool = "srv__may") {
    return ask("tools/call", {{"name", tool}, {"arguments", json::object()}, {"task", {{"ttl", 60'000}}}, {"_meta", meta}});
  }

  std::string begin_id(const json& meta = json::object()) { return begin(meta)["result"]["task"]["taskId"]; }

  json about(const std::string& method, const std::string& task) { return ask("tasks/" + method, {{"taskId", task}}); }

  /// Runs the loop until the server has got that many messages of the method.
  void wait_for_request(const std::string& method, std::size_t count = 1, std::size_t connection = 0) {
    mcp::run_until(loop_, [&] { return server_.connections.size() > connection && at(connection).count(method) >= count; });
  }

  /// Where the server asks on its session with the client, which has its sessions with it in turn with others.
  void settle_in_turn() { settle(program("srv", {})); }

  static inline const json kCanBeAsked = {{"elicitation", json::object()}};

  TaskServer server_{loop_.get_executor()};
  std::vector<std::shared_ptr<mcp::ServerSession>> others_;
  std::vector<std::string> pushed_to_another_;
  json introduction_;
};

}  // namespace gateway
