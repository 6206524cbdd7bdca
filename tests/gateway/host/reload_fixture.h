#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/host/gateway.h"
#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {

/// A gateway whose configuration changes while clients use it.
class ReloadTest : public UpstreamTest {
 protected:
  /// The client of one session.
  class Client {
   public:
    Client(boost::asio::io_context& loop, std::shared_ptr<mcp::SessionHandler> handler) : loop_(loop) {
      session_ = mcp::ServerSession::create(std::move(handler), {});
      session_->set_outlet([this](const mcp::Message& message) {
        pushed_.emplace_back(message.method());
        return true;
      });
      ask("initialize", {{"protocolVersion", "2025-11-25"}, {"capabilities", json::object()}});
    }

    ~Client() {
      session_->set_outlet({});
      session_->cancel_all({mcp::ErrorCode::cancelled, "the client has gone"});
    }

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// In the background; `answers` has it once it has been answered.
    int begin(const std::string& method, const json& params) {
      const int id = next_id_++;
      const json request = {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
      mcp::ServerSession::Outlet outlet = [](const mcp::Message&) { return true; };
      boost::asio::co_spawn(loop_,
                            session_->serve(*mcp::Message::parse(request.dump()), std::move(outlet)),
                            [kept = answers, id](std::exception_ptr, const std::optional<mcp::Message>& answer) {
                              (*kept)[id] = answer ? json::parse(answer->text()) : json();
                            });
      return id;
    }

    int begin_call(const std::string& tool, const std::string& text = "x") {
      return begin("tools/call", {{"name", tool}, {"arguments", {{"text", text}}}});
    }

    json wait(int id) {
      mcp::run_until(loop_, [&] { return answers->contains(id); });
      return answers->at(id);
    }

    json ask(const std::string& method, const json& params = json::object()) { return wait(begin(method, params)); }

    /// What the tool said, or the error's text.
    static std::string text_of(const json& answer) {
      if (answer.contains("error")) return answer["error"]["message"];
      return answer["result"]["content"][0]["text"];
    }

    std::string call(const std::string& tool, const std::string& text = "x") { return text_of(wait(begin_call(tool, text))); }

    std::vector<std::string> tools() {
      const json listed = ask("tools/list");
      std::vector<std::string> names;
      if (listed.contains("error")) return {listed["error"]["message"]};
      for (const auto& tool : listed["result"]["tools"])
        names.push_back(tool["name"]);
      return names;
    }

    /// The methods of what was pushed since the last look.
    std::vector<std::string> take_pushed() { return std::exchange(pushed_, {}); }

    std::size_t pushed() const { return pushed_.size(); }

    /// By the request's id; some may come when the client has gone.
    const std::shared_ptr<std::map<int, json>> answers = std::make_shared<std::map<int, json>>();

   private:
    boost::asio::io_context& loop_;
    std::shared_ptr<mcp::ServerSession> session_;
    std::vector<std::string> pushed_;
    int next_id_ = 1;
  };

  ~ReloadTest() override {
    clients_.clear();
    if (gateway_) mcp::run_task(loop_, gateway_->stop());
  }

  void start(std::vector<ServerSpec> servers, std::vector<ProfileSpec> profiles = {}) {
    config_.servers = std::move(servers);
    config_.profiles = std::move(profiles);
    gateway_ = std::make_unique<Gateway>(dependencies_, config_);
    gateway_->start();
    settle_all();
  }

  void settle_all() { ASSERT_TRUE(mcp::run_task(loop_, gateway_->wait_settled(std::chrono::steady_clock::time_point::max()))); }

  /// Goes over to what config_ says now.
  Plan reload() { return gateway_->apply(config_, environments_); }

  ServerSpec& server(const std::string& name) {
    return *std::ranges::find(config_.servers, ServerName(name), [](const ServerSpec& spec) { return spec.name; });
  }

  static void set_env(ServerSpec& spec, const std::string& name, const std::string& value) {
    std::get<StdioSpec>(spec.transport).env = {{name, value}};
  }

  static ProfileSpec profile(const std::string& name, const std::vector<std::string>& servers) {
    ProfileSpec spec{.name = name, .servers = {}};
    for (const auto& server : servers)
      spec.servers.emplace_back(server);
    return spec;
  }

  Client& open(const std::string& path = "/mcp") {
    clients_.push_back(std::make_unique<Client>(loop_, gateway_->open_session(path).value()));
    return *clients_.back();
  }

  std::shared_ptr<Runtime> runtime(const std::string& name) {
    for (auto& one : gateway_->runtimes()) {
      if (one->spec().name == ServerName(name)) return one;
    }
    return nullptr;
  }

  std::optional<pid_t> pid(const std::string& name) { return runtime(name) ? runtime(name)->status().pid : std::nullopt; }

  std::uint64_t spawned() { return launcher_->spawned(); }

  /// "files: keep (…)", one each server.
  static std::vector<std::string> texts(const Plan& plan) {
    std::vector<std::string> lines;
    for (const ServerStep& step : plan.servers)
      lines.push_back(step.name.str() + ": " + step.text());
    return lines;
  }

  Config config_;
  EnvironmentStates environments_;
  std::unique_ptr<Gateway> gateway_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace gateway
