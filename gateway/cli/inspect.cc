#include "gateway/inspect/inspect.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <utility>

#include "gateway/cli/commands.h"
#include "gateway/cli/find_server.h"
#include "gateway/cli/inspection_text.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/report.h"
#include "gateway/host/environment.h"
#include "gateway/host/self_reference.h"
#include "gateway/inspect/inspection_json.h"
#include "mcp/http/url.h"

namespace gateway {

namespace {

// A command that nobody has run before may be downloaded first.
constexpr auto kFirstStart = std::chrono::seconds(60);

bool is_url(std::string_view target) {
  return target.starts_with("http://") || target.starts_with("https://");
}

mcp::Result<ServerSpec> spec_of_url(const std::string& target) {
  const auto url = mcp::Url::parse(target);
  if (!url) return std::unexpected(url.error());
  ServerSpec spec;
  spec.name = ServerName(url->host);
  spec.transport = HttpSpec{.url = target};
  return spec;
}

ServerSpec spec_of_command(const std::vector<std::string>& command) {
  ServerSpec spec;
  spec.name = ServerName(command.front());
  spec.transport = StdioSpec{.command = command.front(), .args = {command.begin() + 1, command.end()}};
  spec.startup_timeout = kFirstStart;
  return spec;
}

mcp::Result<ServerSpec> spec_of(const CommandContext& context, const InspectCommand& command) {
  if (!command.command.empty()) return spec_of_command(command.command);
  return is_url(command.target)
             ? spec_of_url(command.target)
             : find_server(
                   context,
                   command.target,
                   "A URL begins with http:// or https://, a command stands behind --: switchyard inspect -- COMMAND ARGUMENT…");
}

}  // namespace

Exit run_inspect(const CommandContext& context, const InspectCommand& command) {
  const auto spec = spec_of(context, command);
  if (!spec) return report_failure(context, spec.error());
  auto inspection = [&] {
    std::error_code error;
    ProgressLine progress(context.console.err, context.console.err_terminal, "starting");
    InspectionOptions options{.environment = context.environment.variables, .guardian = context.environment.guardian};
    options.environment = environment_with_state(std::move(options.environment), context.state_dir());
    // A sandbox hides the configuration from its program, as in the gateway; one that was not named is none of its business.
    if (const std::string file = known_config(context); std::filesystem::exists(file, error)) {
      options.environment = environment_within(std::move(options.environment), file);
    }
    options.records = child_records_dir(context.state_dir());
    options.on_step = [&progress](std::string step) { progress.set(std::move(step)); };
    return inspect(*spec, std::move(options));
  }();
  if (!inspection) return report_failure(context, inspection.error());
  if (context.options.json) {
    context.console.out << inspection_json(*inspection) << "\n";
  } else {
    context.console.out << inspection_text(*inspection, context.console);
  }
  return command.strict && inspection->findings.count(Severity::error) > 0 ? Exit::failed : Exit::done;
}

}  // namespace gateway
