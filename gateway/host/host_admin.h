#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "gateway/admin/status.h"
#include "gateway/host/environments.h"
#include "gateway/host/gateway.h"
#include "gateway/host/login_desk.h"
#include "gateway/host/reloader.h"

namespace gateway {

/// Where the admin plane's answers come from in a gateway that serves: each asks the loop.
class HostAdmin final : public AdminSource {
 public:
  /// All of it outlives this; what the pointers lead to is there before the first question, and until the last was answered.
  struct Parts {
    boost::asio::io_context& loop;
    EventLog& events;
    const std::unique_ptr<Gateway>& gateway;
    const std::unique_ptr<Reloader>& reloader;
    const std::unique_ptr<Environments>& environments;
    const std::unique_ptr<LoginDesk>& logins;
    std::function<GatewayStatus()> status;  // on the loop
  };

  explicit HostAdmin(Parts parts) : parts_(std::move(parts)) {}

  /// What came of a change of the environments, which may be one that somebody has announced. Loop thread only.
  void announced(Plan plan) { announced_ = std::move(plan); }

  /// For agents whose calls want a login. Valid as long as this.
  LoginLinks login_links();

  mcp::Result<GatewayStatus> status() override;
  mcp::Result<ToolTable> tools(const std::string& profile) override;
  EventLog& events() override { return parts_.events; }
  mcp::Result<Moment> moment() override;
  mcp::Result<ExplainAnswer> explain(const ExplainQuestion& question) override;
  mcp::Result<Plan> plan(const std::string& file) override;
  mcp::Result<Plan> reload() override;
  mcp::Result<Plan> announce(const Announcement& said) override;
  mcp::Result<LoginProgress> login(const LoginQuestion& question) override;
  mcp::Result<LogoutReport> log_out(const std::string& server, const std::string& account) override;
  mcp::Result<std::vector<LoginUse>> read_logins() override;

 private:
  mcp::Result<ServerSpec> find(const std::string& server) const;
  mcp::Task<std::optional<LoginLink>> login_link(ServerName server);
  mcp::Task<mcp::Result<std::vector<LoginUse>>> read_and_list();

  Parts parts_;
  Plan announced_;
};

}  // namespace gateway
