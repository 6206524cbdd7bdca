#include "gateway/host/serve.h"

#include <chrono>
#include <memory>
#include <ostream>
#include <thread>

#include "gateway/admin/admin_views.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/server_rows.h"
#include "gateway/cli/startup_text.h"
#include "gateway/config/config_file.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

constexpr auto kDrain = std::chrono::seconds(10);

void print_diagnostics(const Console& console, const Config& config) {
  for (const Diagnostic& diagnostic : config.diagnostics) {
    const bool warning = diagnostic.severity == Diagnostic::Severity::warning;
    report_note(console, (warning ? "warning: " : "error: ") + diagnostic.text(config.file));
  }
}

/// What people paste to connect a client.
std::string paste_text(const std::string& url) {
  return "\nConnect a client:\n  claude mcp add --transport http switchyard " + url +
         "\nor, in a client's configuration:\n  {\"mcpServers\":{\"switchyard\":{\"url\":" + mcp::json_string(url) + "}}}\n";
}

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
    if (!status.mcp_url.empty()) out() << paste_text(status.mcp_url);
    out() << std::flush;
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
  if (command.listen) config->listen = *command.listen;
  if (command.admin) config->admin = *command.admin;
  ServeOptions options;
  options.config = std::move(*config);
  options.state_dir = context.state_dir();
  options.environment = context.environment;
  options.stdio = command.stdio;
  options.drain = kDrain;
  return options;
}

Exit report(const CommandContext& context, const mcp::Result<>& outcome) {
  return outcome ? Exit::done : report_failure(context.console, outcome.error());
}

/// The gateway to relay to, "" for none.
mcp::Result<std::string> running_url(const CommandContext& context) {
  auto running = find_running_gateway(context.state_dir());
  if (!running) return std::unexpected(std::move(running).error());
  return *running ? (*running)->mcp_url : std::string();
}

/// Two clients that start us at the same moment: the one that came second waits for the first to listen.
std::string await_running_url(const CommandContext& context) {
  constexpr auto kPatience = std::chrono::seconds(5);
  constexpr auto kPause = std::chrono::milliseconds(50);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    if (const auto url = running_url(context); url && !url->empty()) return *url;
    std::this_thread::sleep_for(kPause);
  }
  return "";
}

}  // namespace

Exit run_serve(const CommandContext& context, const ServeCommand& command) {
  if (command.stdio) {
    const auto url = running_url(context);
    if (!url) return report_failure(context.console, url.error());
    if (!url->empty()) return report(context, relay_stdio(*url, kDrain));
  }
  auto options = make_options(context, command);
  if (!options) return report_failure(context.console, options.error());
  print_diagnostics(context.console, options->config);

  StartReport start(context, command.stdio);
  bool listened = false;
  options->on_listening = [&](const GatewayStatus& status) {
    listened = true;
    start.on_listening(status);
  };
  options->on_settled = [&start](const GatewayStatus& status) { start.on_settled(status); };
  options->on_progress = [&start](const GatewayStatus& status) { start.on_progress(status); };
  const auto outcome = serve(std::move(*options));
  start.end();
  if (command.stdio && !outcome && !listened && outcome.error().code == mcp::ErrorCode::config_invalid) {
    const std::string url = await_running_url(context);
    if (!url.empty()) return report(context, relay_stdio(url, kDrain));
  }
  return report(context, outcome);
}

}  // namespace gateway
