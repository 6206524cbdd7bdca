#include "gateway/cli/run_cli.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ostream>
#include <system_error>
#include <utility>
#include <vector>

#include "gateway/cli/commands.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"
#include "gateway/host/stored_secrets.h"
#include "mcp/base/ascii.h"
#include "mcp/types/protocol_version.h"

namespace gateway {

namespace {

/// Commands show what went wrong themselves, but what is odd about the configuration; a server that runs unattended tells its log.
std::string default_log_levels(const Command& command, const Console& console) {
  if (!std::holds_alternative<ServeCommand>(command)) return "error,config=warn";
  return console.err_terminal ? "warn" : "info";
}

/// The log takes any target; one that nobody writes to is a slip of the pen.
std::string unknown_log_target(std::string_view levels) {
  static const std::vector<std::string_view> kTargets = {"admin",
                                                         "calls",
                                                         "catalog",
                                                         "config",
                                                         "downstream",
                                                         "environments",
                                                         "host",
                                                         "http",
                                                         "log",
                                                         "oauth",
                                                         "process",
                                                         "reload",
                                                         "stderr",
                                                         "upstream"};
  while (!levels.empty()) {
    const std::string_view item = levels.substr(0, levels.find(','));
    levels.remove_prefix(std::min(levels.size(), item.size() + 1));
    const std::string_view target = mcp::trim_blanks(item.substr(0, item.find('=')));
    const bool named = item.contains('=') && !target.empty();
    if (named && std::ranges::find(kTargets, target) == kTargets.end())
      return "there is no target " + quoted(target) + name_hint(target, kTargets);
  }
  return "";
}

Exit run_command(const CommandContext& context, const Command& command) {
  struct Runner {
    const CommandContext& context;

    Exit operator()(const ServeCommand& one) const { return run_serve(context, one); }
    Exit operator()(const ListCommand&) const { return run_list(context); }
    Exit operator()(const StatusCommand& one) const { return run_status(context, one); }
    Exit operator()(const EventsCommand& one) const { return run_events(context, one); }
    Exit operator()(const ToolsCommand& one) const { return run_tools(context, one); }
    Exit operator()(const DescribeCommand& one) const { return run_describe(context, one); }
    Exit operator()(const ExplainCommand& one) const { return run_explain(context, one); }
    Exit operator()(const CallCommand& one) const { return run_call(context, one); }
    Exit operator()(const InspectCommand& one) const { return run_inspect(context, one); }
    Exit operator()(const DoctorCommand& one) const { return run_doctor(context, one); }
    Exit operator()(const PlanCommand&) const { return run_plan(context); }
    Exit operator()(const ReloadCommand& one) const { return run_reload(context, one); }
    Exit operator()(const AddCommand& one) const { return run_add(context, one); }
    Exit operator()(const RemoveCommand& one) const { return run_remove(context, one); }
    Exit operator()(const SwitchCommand& one) const { return run_switch(context, one); }
    Exit operator()(const LoginCommand& one) const { return one.list ? run_login_list(context) : run_login(context, one); }
    Exit operator()(const LogoutCommand& one) const { return run_logout(context, one); }
    Exit operator()(const ImportCommand& one) const { return run_import(context, one); }
    Exit operator()(const SecretCommand& one) const { return run_secret(context, one); }
    Exit operator()(const VersionCommand&) const { return run_version(context); }
  };
  return std::visit(Runner{context}, command);
}

/// What the configuration names is the environment's, or the store's.
CommandContext with_secrets(CommandContext context) {
  const OpenStore open =
      [state = context.state_dir(), opener = context.environment.open_store, variables = context.environment.variables] {
        return opener ? opener(state) : open_credential_store(state, variables);
      };
  context.environment.variables = environment_with_secrets(std::move(context.environment.variables), open);
  return context;
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
  if (line->global.log_levels) {
    if (const std::string problem = unknown_log_target(*line->global.log_levels); !problem.empty()) {
      report_note(console, "--log-level: " + problem);
      return static_cast<int>(Exit::usage);
    }
  }
  const std::string levels = line->global.log_levels.value_or(default_log_levels(line->command, console));
  if (const std::string problem = mcp::configure_log(line->global.log_format, levels); !problem.empty()) {
    report_note(console, "--log-level: " + problem);
    return static_cast<int>(Exit::usage);
  }
  const CommandContext context = with_secrets({std::move(line->global), console, std::move(environment)});
  return static_cast<int>(finish_output(console, run_command(context, line->command)));
}

int run_process(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);
  HostEnvironment environment = HostEnvironment::of_process();
  Console console = Console::of_process(environment.variables);
  return run_cli(argc, argv, console, std::move(environment));
}

}  // namespace gateway
