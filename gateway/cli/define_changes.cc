#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/cli/command_set.h"

namespace gateway {

namespace {

Outcome finish_add(Parsed& parsed) {
  parsed.add.command = parsed.behind_dashes;
  auto server = read_new_server(parsed.add);
  if (!server) return std::unexpected(Mistake{server.error()});
  return AddCommand{std::move(*server), parsed.replace, parsed.dry_run};
}

void add_dry_run(CommandSet& commands, CLI::App& command) {
  command.add_flag("--dry-run", commands.parsed().dry_run, "Show the lines that would change, and change nothing");
}

void add_reload(CommandSet& commands) {
  CLI::App* plan = commands.add("plan",
                                "Show what a reload of the configuration would do, and why",
                                "switchyard plan --config new.json",
                                [](Parsed&) -> Outcome { return PlanCommand{}; });
  plan->footer("With --config FILE: what would happen if that file were in place of the gateway's own.\n" + plan->get_footer());
  CLI::App* reload =
      commands.add("reload", "Have the gateway read its configuration again", "switchyard reload", [](Parsed& parsed) -> Outcome {
        return ReloadCommand{.wait = !parsed.no_wait};
      });
  reload->add_flag("--no-wait", commands.parsed().no_wait, "Do not wait for the servers that are started");
  reload->footer("The gateway does that by itself whenever the file changes.\n" + reload->get_footer());
}

void add_edits(CommandSet& commands) {
  CLI::App* add_server = commands.add("add",
                                      "Put a server into the configuration",
                                      "switchyard add files -- npx -y @modelcontextprotocol/server-filesystem /srv/docs",
                                      finish_add);
  add_server->add_option("NAME", commands.parsed().add.name, "What to call it, and -- COMMAND ARGUMENT..., or --url")->required();
  add_server->add_option("--url", commands.parsed().add.url, "Where an HTTP server is reached")->type_name("URL");
  add_server->add_option("--type", commands.parsed().add.type, "Which transport over HTTP it speaks, where one is to be told")
      ->type_name("KIND")
      ->check(CLI::IsMember({"http", "sse"}));
  const auto pairs = [&](const char* name, std::vector<std::string>& values, const char* what, const char* form) {
    add_server->add_option(name, values, what)->type_name(form)->allow_extra_args(false);
  };
  pairs("--env", commands.parsed().add.env, "A variable for the program", "KEY=VALUE");
  pairs("--header", commands.parsed().add.headers, "A header for the HTTP server", "'NAME: VALUE'");
  add_server->add_option("--cwd", commands.parsed().add.cwd, "The folder the program starts in")->type_name("DIR");
  pairs("--profile", commands.parsed().add.profiles, "Put it into this profile, too", "NAME");
  add_server->add_flag("--disabled", commands.parsed().add.disabled, "Switched off at first");
  add_server->add_flag("--required", commands.parsed().add.required, "The gateway does not run without it");
  add_server->add_flag("--replace", commands.parsed().replace, "Also where one of that name is there");
  add_server->footer(
      "--env, --header and --profile may be given several times. '${VAR}' in single quotes is written as it is, and filled in\n"
      "from the environment of the gateway; $VAR is filled in by your shell, and its value stands in the file. So this keeps\n"
      "a secret out of it: --header 'Authorization: Bearer ${TOKEN}'\n" +
      add_server->get_footer());
  add_dry_run(commands, *add_server);
  const auto of_servers = [&](const char* name, const char* what, const char* example, Finish finish) {
    CLI::App* command = commands.add(name, what, example, std::move(finish));
    command->add_option("NAME", commands.parsed().servers, "Servers of the configuration")->required();
    add_dry_run(commands, *command);
  };
  of_servers("remove", "Take servers out of the configuration", "switchyard remove files", [](Parsed& parsed) -> Outcome {
    return RemoveCommand{parsed.servers, parsed.dry_run};
  });
  of_servers("enable", "Switch servers on", "switchyard enable files", [](Parsed& parsed) -> Outcome {
    return SwitchCommand{parsed.servers, true, parsed.dry_run};
  });
  of_servers("disable", "Switch servers off, and keep them", "switchyard disable files", [](Parsed& parsed) -> Outcome {
    return SwitchCommand{parsed.servers, false, parsed.dry_run};
  });
}

}  // namespace

void define_changes(CommandSet& commands) {
  add_reload(commands);
  add_edits(commands);
}

}  // namespace gateway
