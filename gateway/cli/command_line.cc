#include "gateway/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "gateway/cli/new_server.h"
#include "gateway/config/near_name.h"
#include "gateway/host/environment.h"

namespace gateway {

namespace {

/// What a word may have been meant for that stands where the command takes none.
std::string_view how_words_go(std::string_view command) {
  if (command == "call") return ". Arguments are one JSON object, or --arg KEY=VALUE for each";
  if (command == "inspect") return ". A command stands behind --: switchyard inspect -- COMMAND ARGUMENTS";
  if (command == "add") return ". A command stands behind --: switchyard add NAME -- COMMAND ARGUMENTS";
  return "";
}

/// What the parser writes to; each command has its own part.
struct Parsed {
  GlobalOptions global;
  std::string config, state, log_levels, log_format = "text";
  ServeCommand serve;
  std::string listen, admin;
  StatusCommand status;
  ToolsCommand tools;
  DescribeCommand describe;
  CallCommand call;
  std::string call_arguments;
  InspectCommand inspect;
  ServerWords add;
  bool replace = false;
  std::vector<std::string> servers;
  bool dry_run = false;
  std::vector<std::string> behind_dashes;  // a command with its arguments
  bool version = false;
};

/// A wrong usage found after parsing.
struct Mistake {
  std::string text;
};

using Outcome = std::expected<Command, Mistake>;
using Finish = std::function<Outcome(Parsed&)>;

std::expected<std::optional<ListenAddress>, Mistake> read_address(const std::string& option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto address = ListenAddress::parse(text);
  if (!address) return std::unexpected(Mistake{option + " " + text + ": " + address.error().message});
  return *address;
}

Outcome finish_serve(Parsed& parsed) {
  auto listen = read_address("--listen", parsed.listen);
  if (!listen) return std::unexpected(listen.error());
  auto admin = read_address("--admin", parsed.admin);
  if (!admin) return std::unexpected(admin.error());
  if (!parsed.serve.profile.empty() && !parsed.serve.stdio) {
    return std::unexpected(Mistake{"--profile goes with --stdio; over HTTP each profile has an address, /mcp/PROFILE"});
  }
  parsed.serve.listen = *listen;
  parsed.serve.admin = *admin;
  return parsed.serve;
}

Outcome finish_call(Parsed& parsed) {
  if (!parsed.call_arguments.empty()) parsed.call.arguments = parsed.call_arguments;
  if (parsed.call.arguments && !(parsed.call.pairs.empty() && parsed.call.texts.empty())) {
    return std::unexpected(Mistake{"call takes either JSON or --arg and --text, not both"});
  }
  return parsed.call;
}

Outcome finish_inspect(Parsed& parsed) {
  parsed.inspect.command = parsed.behind_dashes;
  if (parsed.inspect.target.empty() == parsed.inspect.command.empty()) {
    return std::unexpected(Mistake{"inspect takes either the name of a server, or a URL, or a command behind --"});
  }
  return parsed.inspect;
}

Outcome finish_add(Parsed& parsed) {
  parsed.add.command = parsed.behind_dashes;
  auto server = read_new_server(parsed.add);
  if (!server) return std::unexpected(Mistake{server.error()});
  return AddCommand{std::move(*server), parsed.replace, parsed.dry_run};
}

/// The commands, in the order of the help.
class Parser {
 public:
  Parser() : app_("Switchyard connects any MCP server to any agent.", "switchyard") {
    app_.require_subcommand(0, 1);
    app_.allow_extras();
    app_.set_help_flag("-h,--help", "Show this help, or that of a command");
    app_.footer("Example: switchyard serve\nConfiguration: $XDG_CONFIG_HOME/switchyard/switchyard.json, or --config FILE.");
    add_global_options();
    add_serve();
    add_lists();
    add_tool_commands();
    add_inspect();
    add_reload();
    add_edits();
    refuse_empty_values(app_);
    for (const auto& [command, finish] : commands_)
      refuse_empty_values(*command);
    add("version", "Show the version", "switchyard version", [](Parsed&) -> Outcome { return VersionCommand{}; });
  }

  std::expected<CommandLine, NoCommand> parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return std::unexpected(NoCommand{true, help_text()});
    } catch (const CLI::ParseError& error) {
      return wrong(error.what());
    }
    return finish();
  }

  /// For `inspect` and `add`: what stands behind "--" is a command of its own, no word of which is for the parser. Nothing where
  /// the command is another one.
  std::optional<std::expected<CommandLine, NoCommand>> parse_with_command(int argc,
                                                                          const char* const* argv,
                                                                          std::vector<std::string> command) {
    parsed_.behind_dashes = std::move(command);
    auto line = parse(argc, argv);
    const CLI::App* parsed = chosen();
    if (parsed == nullptr || (parsed->get_name() != "inspect" && parsed->get_name() != "add")) return std::nullopt;
    return line;
  }

 private:
  CLI::App* add(const std::string& name, const std::string& description, const std::string& example, Finish finish) {
    CLI::App* command = app_.add_subcommand(name, description);
    command->footer("Example: " + example + "\nOptions that every command takes: switchyard --help");
    command->fallthrough();
    commands_.emplace_back(command, std::move(finish));
    return command;
  }

  /// An empty value is an unset variable in somebody's script, not a wish for the default.
  static void refuse_empty_values(CLI::App& app) {
    for (CLI::Option* option : app.get_options()) {
      if (option->get_items_expected_max() == 0) continue;  // a flag
      option->check([](const std::string& value) { return value.empty() ? std::string("the value is empty") : std::string(); });
    }
  }

  void add_global_options() {
    app_.add_option("--config", parsed_.config, "Configuration file (also SWITCHYARD_CONFIG)")->type_name("FILE");
    app_.add_option("--state", parsed_.state, "Folder of the gateway's state (also SWITCHYARD_STATE)")->type_name("DIR");
    app_.add_flag("--json", parsed_.global.json, "Answer in JSON");
    app_.add_option("--log-format", parsed_.log_format, "How log lines look on standard error")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"text", "json"}));
    app_.add_option(
            "--log-level", parsed_.log_levels, "What is logged: LEVEL or TARGET=LEVEL, comma separated (error; serve: see there)")
        ->type_name("LEVELS");
    app_.add_flag("--version", parsed_.version, "Show the version");
  }

  void add_serve() {
    CLI::App* serve = add("serve", "Run the gateway", "switchyard serve --listen 127.0.0.1:7332", finish_serve);
    const Config usual;
    const auto unless = [](const ListenAddress& address) { return " (the configuration's, or " + address.text() + ")"; };
    serve->add_option("--listen", parsed_.listen, "Where agents connect" + unless(usual.listen))->type_name("HOST:PORT");
    serve->add_option("--admin", parsed_.admin, "Where the admin API answers" + unless(usual.admin))->type_name("HOST:PORT");
    serve->add_flag("--stdio", parsed_.serve.stdio, "Speak MCP on standard input and output");
    serve->add_option("--profile", parsed_.serve.profile, "With --stdio: this profile")->type_name("NAME");
    serve->footer("Without --log-level, the log tells warn and error on a terminal, info too elsewhere.\n" + serve->get_footer());
  }

  void add_lists() {
    add("list", "Show the servers", "switchyard list", [](Parsed&) -> Outcome { return ListCommand{}; });
    CLI::App* status =
        add("status", "Show how the servers do, and what they need", "switchyard status files", [](Parsed& parsed) -> Outcome {
          return parsed.status;
        });
    status->add_option("NAME", parsed_.status.server, "One server, in full");
    CLI::App* tools = add("tools", "Show the tools agents see", "switchyard tools --server files", [](Parsed& parsed) -> Outcome {
      return parsed.tools;
    });
    tools->add_option("--server", parsed_.tools.server, "Of this server alone")->type_name("NAME");
    tools->add_option("--profile", parsed_.tools.profile, "As this profile shows them")->type_name("NAME");
  }

  void add_tool_commands() {
    CLI::App* describe =
        add("describe", "Show what a tool does and takes", "switchyard describe files__read_file", [](Parsed& parsed) -> Outcome {
          return parsed.describe;
        });
    describe->add_option("TOOL", parsed_.describe.tool, "The name agents see")->required();
    describe->add_option("--profile", parsed_.describe.profile, "As this profile shows it")->type_name("NAME");
    CLI::App* call = add("call", "Call a tool", "switchyard call files__read_file '{\"path\": \"/srv/docs/a.txt\"}'", finish_call);
    call->add_option("TOOL", parsed_.call.tool, "The name agents see")->required();
    call->add_option("JSON", parsed_.call_arguments, "Its arguments, a JSON object; - reads them from standard input");
    call->add_option("--arg", parsed_.call.pairs, "One argument; the value is JSON, or else text")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    call->add_option("--text", parsed_.call.texts, "One argument; the value is text, also where it looks like a number")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    call->add_option("--profile", parsed_.call.profile, "Call it as this profile shows it")->type_name("NAME");
  }

  void add_inspect() {
    CLI::App* inspect = add("inspect",
                            "Show what one server offers, and how it deviates from the protocol",
                            "switchyard inspect -- npx -y @modelcontextprotocol/server-filesystem /srv/docs",
                            finish_inspect);
    inspect->add_option("SERVER", parsed_.inspect.target, "Its name in the configuration, or a URL, or -- COMMAND ARGUMENT...");
    inspect->add_flag("--strict", parsed_.inspect.strict, "Exit with 1 where a finding is an error");
    inspect->footer("Calls no tool and changes nothing. Needs no gateway.\n" + inspect->get_footer());
  }

  void add_reload() {
    CLI::App* plan = add("plan",
                         "Show what a reload of the configuration would do, and why",
                         "switchyard plan --config new.json",
                         [](Parsed&) -> Outcome { return PlanCommand{}; });
    plan->footer("With --config FILE: what would happen if that file were in place of the gateway's own.\n" + plan->get_footer());
    CLI::App* reload = add("reload", "Have the gateway read its configuration again", "switchyard reload", [](Parsed&) -> Outcome {
      return ReloadCommand{};
    });
    reload->footer("The gateway does that by itself whenever the file changes.\n" + reload->get_footer());
  }

  void add_edits() {
    CLI::App* add_server = add("add",
                               "Put a server into the configuration",
                               "switchyard add files -- npx -y @modelcontextprotocol/server-filesystem /srv/docs",
                               finish_add);
    add_server->add_option("NAME", parsed_.add.name, "What to call it, and -- COMMAND ARGUMENT..., or --url")->required();
    add_server->add_option("--url", parsed_.add.url, "Where an HTTP server is reached")->type_name("URL");
    add_server->add_option("--type", parsed_.add.type, "Which transport over HTTP it speaks, where one is to be told")
        ->type_name("KIND")
        ->check(CLI::IsMember({"http", "sse"}));
    const auto pairs = [&](const char* name, std::vector<std::string>& values, const char* what, const char* form) {
      add_server->add_option(name, values, what)->type_name(form)->allow_extra_args(false);
    };
    pairs("--env", parsed_.add.env, "A variable for the program", "KEY=VALUE");
    pairs("--header", parsed_.add.headers, "A header for the HTTP server", "'NAME: VALUE'");
    add_server->add_option("--cwd", parsed_.add.cwd, "The folder the program starts in")->type_name("DIR");
    pairs("--profile", parsed_.add.profiles, "Put it into this profile, too", "NAME");
    add_server->add_flag("--disabled", parsed_.add.disabled, "Switched off at first");
    add_server->add_flag("--required", parsed_.add.required, "The gateway does not run without it");
    add_server->add_flag("--replace", parsed_.replace, "Also where one of that name is there");
    add_server->footer(
        "--env, --header and --profile may be given several times. '${VAR}' in single quotes is written as it is, and filled in\n"
        "from the environment of the gateway; $VAR is filled in by your shell, and its value stands in the file. So this keeps\n"
        "a secret out of it: --header 'Authorization: Bearer ${TOKEN}'\n" +
        add_server->get_footer());
    add_dry_run(*add_server);
    const auto of_servers = [&](const char* name, const char* what, const char* example, Finish finish) {
      CLI::App* command = add(name, what, example, std::move(finish));
      command->add_option("NAME", parsed_.servers, "Servers of the configuration")->required();
      add_dry_run(*command);
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

  void add_dry_run(CLI::App& command) {
    command.add_flag("--dry-run", parsed_.dry_run, "Show the lines that would change, and change nothing");
  }

  CLI::App* chosen() const {
    for (const auto& [command, finish] : commands_) {
      if (command->parsed()) return command;
    }
    return nullptr;
  }

  std::string help_text() const {
    const CLI::App* command = chosen();
    return command == nullptr ? app_.help() : command->help("switchyard");
  }

  std::unexpected<NoCommand> wrong(std::string what) const {
    std::ranges::replace(what, '\n', ' ');
    const CLI::App* command = chosen();
    const std::string where = command == nullptr ? "" : command->get_name() + " ";
    return std::unexpected(NoCommand{false, what + ". Try \"switchyard " + where + "--help\"."});
  }

  std::unexpected<NoCommand> unknown(const std::string& word) const {
    const CLI::App* command = chosen();
    std::vector<std::string> known;
    const bool option = word.starts_with('-');
    if (option) {
      for (const CLI::App* app : {command, &app_}) {
        if (app == nullptr) continue;
        for (const CLI::Option* one : app->get_options()) {
          if (!one->get_lnames().empty()) known.push_back("--" + one->get_lnames().front());
        }
      }
    } else if (command == nullptr) {
      for (const auto& [one, finish] : commands_)
        known.push_back(one->get_name());
    } else {
      const std::string name = command->get_name();
      return wrong(name + " does not take \"" + word + "\"" + std::string(how_words_go(name)));
    }
    const auto nearest = nearest_name(word.substr(0, word.find('=')), {known.begin(), known.end()});
    const std::string hint = nearest ? ": did you mean \"" + *nearest + "\"?" : ".";
    const std::string kind = option ? "option" : "command";
    std::string text = "unknown " + kind + " \"" + word + "\"" + hint + " Try \"switchyard ";
    if (command != nullptr) text += command->get_name() + " ";
    return std::unexpected(NoCommand{false, text + "--help\"."});
  }

  std::expected<CommandLine, NoCommand> finish() {
    if (const auto extras = app_.remaining(true); !extras.empty()) return unknown(extras.front());
    const auto given = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
    parsed_.global.config = given(parsed_.config).transform(absolute_path);
    parsed_.global.state = given(parsed_.state).transform(absolute_path);
    parsed_.global.log_levels = given(parsed_.log_levels);
    if (parsed_.log_format == "json") parsed_.global.log_format = mcp::LogFormat::json;
    if (parsed_.version) return CommandLine{parsed_.global, VersionCommand{}};
    for (const auto& [command, finish] : commands_) {
      if (!command->parsed()) continue;
      auto outcome = finish(parsed_);
      if (!outcome) return wrong(outcome.error().text);
      return CommandLine{parsed_.global, std::move(*outcome)};
    }
    return wrong("no command was given");
  }

  CLI::App app_;
  Parsed parsed_;
  std::vector<std::pair<CLI::App*, Finish>> commands_;
};

}  // namespace

std::expected<CommandLine, NoCommand> parse_command_line(int argc, const char* const* argv) {
  const char* const* const end = argv + argc;
  const char* const* const dashes = std::find_if(argv, end, [](std::string_view word) { return word == "--"; });
  if (dashes != end) {
    auto line = Parser().parse_with_command(static_cast<int>(dashes - argv), argv, {dashes + 1, end});
    if (line) return std::move(*line);
  }
  return Parser().parse(argc, argv);
}

}  // namespace gateway
