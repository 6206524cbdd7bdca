#pragma once

#include <boost/asio/co_spawn.hpp>
#include <map>
#include <string>
#include <vector>

#include "gateway/routing/router.h"
#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {

/// A router over all runtimes of the test, behind a session, as a client sees it.
class RouterTest : public UpstreamTest {
 protected:
  /// Opens a session over the runtimes there are.
  void open(Naming naming = {}, std::chrono::milliseconds startup_wait = std::chrono::seconds(10)) {
    RouterContext context{.executor = loop_.get_executor(), .metrics = &metrics_, .validator = validator_};
    context.limits = std::make_shared<RouterLimits>(RouterLimits{.startup_wait = startup_wait, .list_page_size = 2});
    context.introduction_wait = introduction_wait_;
    view_ = std::make_shared<View>(view_loop_.get_executor(), "/mcp", runtimes_, naming, absent_);
    on_catalog_ = [view = view_] { view->rebuild(); };
    auto router = std::make_shared<Router>(std::move(context), view_);
    session_ = mcp::ServerSession::create(std::move(router), {});
    session_->set_outlet([this](const mcp::Message& message) {
      pushed_.emplace_back(message.text());
      return true;
    });
  }

  void open_initialized(Naming naming = {}, std::chrono::milliseconds startup_wait = std::chrono::seconds(10)) {
    open(naming, startup_wait);
    ask("initialize", {{"protocolVersion", "2025-11-25"}, {"capabilities", json::object()}});
    ASSERT_TRUE(session_->initialized());
  }

  /// In the background; the answer lands in answers_ under the id, null for none.
  void spawn(const json& id, const std::string& method, const json& params) {
    const json request = {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
    spawn_text(id, request.dump());
  }

  /// The same, as it is spelled.
  void spawn_text(const json& id, const std::string& request) {
    mcp::ServerSession::Outlet outlet = [this](const mcp::Message& message) {
      notified_.push_back(json::parse(message.text()));
      return true;
    };
    boost::asio::co_spawn(loop_,
                          session_->serve(*mcp::Message::parse(request), std::move(outlet)),
                          [this, key = id.dump()](std::exception_ptr, const std::optional<mcp::Message>& answer) {
                            answers_[key] = answer ? json::parse(answer->text()) : json();
                          });
    run_ready();
  }

  json ask(const std::string& method, const json& params = json::object()) {
    const int id = next_id_++;
    spawn(id, method, params);
    mcp::run_until(loop_, [&] { return answered(id); });
    json answer = answers_[json(id).dump()];
    EXPECT_EQ(answer["id"], id);
    return answer;
  }

  bool answered(const json& id) const { return answers_.contains(id.dump()); }

  json call(const std::string& tool, const json& arguments = json::object()) {
    return ask("tools/call", {{"name", tool}, {"arguments", arguments}});
  }

  /// The keys on all pages of a list.
  std::vector<std::string> listed(CatalogKind kind = CatalogKind::tools) {
    const CatalogKindWords& words = words_of(kind);
    std::vector<std::string> keys;
    json params = json::object();
    for (;;) {
      const json result = ask(std::string(words.method), params)["result"];
      for (const auto& entry : result[std::string(words.member)])
        keys.push_back(entry[std::string(words.key)]);
      if (!result.contains("nextCursor")) return keys;
      params["cursor"] = result["nextCursor"];
    }
  }

  CallMetrics metrics_;
  CallValidator* validator_ = nullptr;
  std::vector<AbsentServer> absent_;
  std::chrono::milliseconds introduction_wait_{};
  std::shared_ptr<View> view_;
  std::shared_ptr<mcp::ServerSession> session_;
  std::map<std::string, json> answers_;
  std::vector<json> notified_;
  std::vector<std::string> pushed_;
  int next_id_ = 100;
};

}  // namespace gateway
