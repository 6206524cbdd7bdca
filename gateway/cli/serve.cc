#include "gateway/host/serve.h"

#include <chrono>
#include <memory>
#include <ostream>
#include <thread>

#include "gateway/admin/admin_views.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/report.h"
#include "gateway/cli/server_rows.h"
#include "gateway/cli/startup_text.h"
#include "gateway/config/config_file.h"
#include "gateway/host/self_reference.h"

namespace gateway {

namespace {

constexpr auto kDrain = std::chrono::seconds(10);

/// Tells people how the gateway comes up: on `out`, or on standard error where standard output belongs to MCP.
class StartReport {
 public:
  StartReport(const CommandContext& context, bool stdio)
      : context_(context), stdio_(stdio), silent_(stdio && !context.console.err_terminal) {
    if (!silent_) progress_ = std::make_unique<ProgressLine>(console().err, console().err_terminal, "starting");
  }

  void on_progress(const GatewayStatus& status) {
    if (progress_) progress_->set(startup_text(status));
  }

  void on_listening(const GatewayStatus& status) {
    if (silent_) return;
    if (context_.options.json && !stdio_) {
      out() << servers_json(status) << std::endl;
    } else if (!status.mcp_url.empty()) {
      out() << "Switchyard " << status.version << " is listening at " << status.mcp_url << std::endl;
    }
  }

  void on_settled(const GatewayStatus& status) {
    progress_.reset();
    if (silent_) return;
    const std::string json = servers_json(status);
    if (context_.options.json && !stdio_) {
      out() << json << std::endl;
      return;
    }
    out() << list_text(json, std::chrono::system_clock::now(), console());
    if (!status.mcp_url.empty()) out() << "\n" << connect_text(status.mcp_url, !status.access_tokens.empty());
    out() << std::flush;
  }

  void on_stopping(std::size_t open) {
    progress_.reset();
    if (silent_ || !console().err_terminal) return;
    console().err << "stopping: waiting for " << open << (open == 1 ? " open call" : " open calls") << ", at most "
                  << kDrain.count() << " s; Ctrl-C again ends at once" << std::endl;
  }

  void end() { progress_.reset(); }

 private:
  const Console& console() const { return context_.console; }

  std::ostream& out() const { return stdio_ ? console().err : console().out; }

  const CommandContext& context_;
  const bool stdio_;
  const bool silent_;
  std::unique_ptr<ProgressLine> progress_;
};

mcp::Result<ServeOptions> make_options(const CommandContext& context, const ServeCommand& command) {
  auto config = load_config(context.config_file(), context.environment.variables);
  if (!config) return std::unexpected(std::move(config).error());
  if (!command.profile.empty()) {
    if (auto known = config->check_profile(command.profile); !known) return std::unexpected(std::move(known).error());
  }
  if (command.listen) config->listen = *command.listen;
  if (command.admin) config->admin = *command.admin;
  if (config->listen == config->admin && config->listen.port != 0) {
    return mcp::fail(mcp::ErrorCode::config_invalid,
                     "agents and the admin API need an address each, and both have " + config->listen.text(),
                     "Change --listen or --admin.");
  }
  ServeOptions options;
  options.config = std::move(*config);
  options.state_dir = context.state_dir();
  options.environment = context.environment;
  options.stdio = command.stdio;
  options.listen = command.listen;
  options.admin = command.admin;
  options.profile = command.profile;
  options.drain = kDrain;
  return options;
}

Exit report(const CommandContext& context, const mcp::Result<>& outcome) {
  return outcome ? Exit::done : report_failure(context, outcome.error());
}

/// The gateway to relay to, if one runs.
mcp::Result<std::optional<RunningGateway>> find_relay(const CommandContext& context) {
  auto running = find_running_gateway(context.state_dir());
  if (running && *running && (*running)->mcp_url.empty()) return std::nullopt;
  return running;
}

/// Two clients that start us at the same moment: the one that came second waits for the first to listen.
std::optional<RunningGateway> await_relay(const CommandContext& context) {
  constexpr auto kPatience = std::chrono::seconds(5);
  constexpr auto kPause = std::chrono::milliseconds(50);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    if (auto running = find_relay(context); running && *running) return std::move(*running);
    std::this_thread::sleep_for(kPause);
  }
  return std::nullopt;
}

Exit relay(const CommandContext& context, const ServeCommand& command, const RunningGateway& running) {
  if (const std::string named = other_config(context, running); !named.empty()) {
    return report_failure(
        context,
        {mcp::ErrorCode::config_invalid,
         "the gateway that runs (pid " + std::to_string(running.pid) + ") uses " + running.config + ", not " + named,
         "Give the servers of " + named + " a gateway of their own with --state DIR."});
  }
  if (!command.profile.empty()) {
    // Its absence is told now, not with each message of the client.
    const auto tools = make_remote_access(running, context.console)->tools(command.profile, "");
    if (!tools) return report_failure(context, tools.error());
  }
  return report(context, relay_stdio({.state_dir = context.state_dir(), .profile = command.profile, .drain = kDrain}));
}

Exit refuse_itself(const CommandContext& context, const ServeCommand& command) {
  const mcp::Error error = self_reference(context.config_file());
  const Exit exit = report_failure(context, error);
  if (command.stdio) refuse_requests(context.console.in, context.console.out, error);
  return exit;
}

Exit run_gateway(const CommandContext& context, const ServeCommand& command) {
  if (runs_within(context.environment.variables, context.config_file())) return refuse_itself(context, command);
  auto options = make_options(context, command);
  if (!options) return report_failure(context, options.error());
  report_diagnostics(context, options->config);
  if (options->config.servers.empty() && options->config.broken.empty()) {
    report_no_servers(context.console, options->config.file);
  }
  StartReport start(context, command.stdio);
  bool listened = false;
  options->on_listening = [&](const GatewayStatus& status) {
    listened = true;
    start.on_listening(status);
  };
  options->on_settled = [&start](const GatewayStatus& status) { start.on_settled(status); };
  options->on_progress = [&start](const GatewayStatus& status) { start.on_progress(status); };
  options->on_stopping = [&start](std::size_t open) { start.on_stopping(open); };
  const auto outcome = serve(std::move(*options));
  start.end();
  if (command.stdio && !outcome && !listened && outcome.error().code == mcp::ErrorCode::config_invalid) {
    if (const auto other = await_relay(context)) return relay(context, command, *other);
  }
  return report(context, outcome);
}

Exit serve_stdio(const CommandContext& context, const ServeCommand& command) {
  const auto running = find_relay(context);
  if (!running) return report_failure(context, running.error());
  return *running ? relay(context, command, **running) : run_gateway(context, command);
}

}  // namespace

Exit run_serve(const CommandContext& context, const ServeCommand& command) {
  if (!command.stdio) return run_gateway(context, command);
  // Standard output belongs to MCP.
  CommandContext quiet = context;
  quiet.options.json = false;
  return serve_stdio(quiet, command);
}

}  // namespace gateway
