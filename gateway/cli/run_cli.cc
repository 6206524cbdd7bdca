#include "gateway/cli/run_cli.h"

#include <cerrno>
#include <csignal>
#include <ostream>
#include <system_error>
#include <utility>

#include "gateway/cli/commands.h"
#include "mcp/types/protocol_version.h"

namespace gateway {

namespace {

/// Commands show what went wrong themselves; a server that runs unattended tells its log.
std::string default_log_levels(const Command& command, const Console& console) {
  if (!std::holds_alternative<ServeCommand>(command)) return "error";
  return console.err_terminal ? "warn" : "info";
}

Exit run_command(const CommandContext& context, const Command& command) {
  struct Runner {
    const CommandContext& context;

    Exit operator()(const ServeCommand& one) const { return run_serve(context, one); }
    Exit operator()(const ListCommand&) const { return run_list(context); }
    Exit operator()(const StatusCommand& one) const { return run_status(context, one); }
    Exit operator()(const ToolsCommand& one) const { return run_tools(context, one); }
    Exit operator()(const DescribeCommand& one) const { return run_describe(context, one); }
    Exit operator()(const CallCommand& one) const { return run_call(context, one); }
    Exit operator()(const VersionCommand&) const { return run_version(context); }
  };
  return std::visit(Runner{context}, command);
}

/// A reader that closed early has what it wanted; any other trouble with the output is a failure.
Exit finish_output(const Console& console, Exit exit) {
  errno = 0;
  console.out.flush();
  if (console.out.good() || errno == EPIPE || errno == 0) return exit;
  report_note(console, "cannot write the answer: " + std::generic_category().message(errno));
  return Exit::failed;
}

}  // namespace

Exit run_version(const CommandContext& context) {
  if (context.options.json) {
    context.console.out << R"({"version":")" SWITCHYARD_VERSION R"(","protocolVersions":)" << mcp::supported_versions_json()
                        << "}\n";
  } else {
    context.console.out << "switchyard " SWITCHYARD_VERSION "\n";
  }
  return Exit::done;
}

int run_cli(int argc, const char* const* argv, Console& console, HostEnvironment environment) {
  auto line = parse_command_line(argc, argv);
  if (!line) {
    if (line.error().wanted) {
      console.out << line.error().text << std::flush;
      return static_cast<int>(Exit::done);
    }
    report_note(console, line.error().text);
    return static_cast<int>(Exit::usage);
  }
  const std::string levels = line->global.log_levels.value_or(default_log_levels(line->command, console));
  if (const std::string problem = mcp::configure_log(line->global.log_format, levels); !problem.empty()) {
    report_note(console, "--log-level: " + problem);
    return static_cast<int>(Exit::usage);
  }
  const CommandContext context{std::move(line->global), console, std::move(environment)};
  return static_cast<int>(finish_output(console, run_command(context, line->command)));
}

int run_process(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);
  HostEnvironment environment = HostEnvironment::of_process();
  Console console = Console::of_process(environment.variables);
  return run_cli(argc, argv, console, std::move(environment));
}

}  // namespace gateway
