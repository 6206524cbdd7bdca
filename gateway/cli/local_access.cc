#include <algorithm>
#include <functional>

#include "gateway/admin/admin_views.h"
#include "gateway/admin/explain_view.h"
#include "gateway/cli/gateway_access.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/report.h"
#include "gateway/cli/startup_text.h"
#include "gateway/config/config_file.h"
#include "gateway/host/local_gateway.h"

namespace gateway {

namespace {

constexpr auto kSlack = std::chrono::seconds(5);  // for what comes after the slowest server's time was over

class LocalAccess final : public GatewayAccess {
 public:
  LocalAccess(std::unique_ptr<LocalGateway> gateway, std::chrono::milliseconds patience, const Console& console)
      : gateway_(std::move(gateway)), patience_(patience), console_(console) {}

  mcp::Result<std::string> servers() override {
    const auto status = gateway_->status();
    if (!status) return std::unexpected(status.error());
    return servers_json(*status);
  }

  void settle() override {
    wait([](const GatewayStatus&) { return false; });
  }

  void await_server(const std::string& server) override {
    wait([&](const GatewayStatus& status) {
      return std::ranges::none_of(status.servers, [&](const RuntimeStatus& one) {
        return one.name.str() == server && one.state == RuntimeState::starting && one.restarts == 0;
      });
    });
  }

  void await_tool(const std::string& profile, const std::string& tool) override {
    wait([&](const GatewayStatus&) {
      const auto table = gateway_->tools(profile);
      return !table || std::ranges::find(table->tools, tool, &ToolRow::name) != table->tools.end();
    });
  }

  mcp::Result<std::string> tools(const std::string& profile, const std::string& server) override {
    const auto table = gateway_->tools(profile);
    if (!table) return std::unexpected(table.error());
    return tools_json(*table, server);
  }

  mcp::Result<std::string> explain(const std::string& profile, const std::string& name) override {
    const ExplainQuestion question{.name = name, .profile = profile};
    // Which environments are there shows only after a while; what is bound to one begins to start then.
    wait([&](const GatewayStatus&) {
      const auto answer = gateway_->explain(question);
      return !answer || (answer->starting.empty() && !waits_for_environment(*answer));
    });
    const auto answer = gateway_->explain(question);
    if (!answer) return std::unexpected(answer.error());
    return explain_json(*answer);
  }

  mcp::Result<std::string> call(const ToolQuestion& question, const OnProgress& on_progress) override {
    return gateway_->call(question.profile, question.tool, question.arguments, on_progress);
  }

 private:
  static bool waits_for_environment(const ExplainAnswer& answer) {
    return std::ranges::any_of(answer.matches, [](const Explanation& match) {
      const ExplainStep* failed = match.failed();
      return failed != nullptr && failed->reason == mcp::ErrorCode::environment_unavailable;
    });
  }

  /// Until the servers settled, or it is `enough`.
  void wait(const std::function<bool(const GatewayStatus&)>& enough) {
    ProgressLine progress(console_.err, console_.err_terminal, "starting");
    gateway_->wait_settled(patience_, [&](const GatewayStatus& status) {
      if (enough(status)) return true;
      progress.set(startup_text(status));
      return false;
    });
  }

  std::unique_ptr<LocalGateway> gateway_;
  const std::chrono::milliseconds patience_;
  const Console& console_;
};

}  // namespace

mcp::Result<std::unique_ptr<GatewayAccess>> make_local_access(const CommandContext& context) {
  auto config = load_config(context.config_file(), context.environment.variables);
  if (!config) return std::unexpected(std::move(config).error());
  report_diagnostics(context, *config);
  std::chrono::milliseconds patience = kSlack;
  for (const ServerSpec& server : config->servers) {
    if (server.enabled) patience = std::max(patience, server.startup_timeout + kSlack);
  }
  auto gateway = LocalGateway::start(std::move(*config), context.environment, context.state_dir());
  if (!gateway) return std::unexpected(std::move(gateway).error());
  return std::make_unique<LocalAccess>(std::move(*gateway), patience, context.console);
}

}  // namespace gateway
