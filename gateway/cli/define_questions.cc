#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "gateway/cli/command_set.h"

namespace gateway {

namespace {

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

void add_serve(CommandSet& commands) {
  CLI::App* serve = commands.add("serve", "Run the gateway", "switchyard serve --listen 127.0.0.1:7332", finish_serve);
  const Config usual;
  const auto unless = [](const ListenAddress& address) { return " (the configuration's, or " + address.text() + ")"; };
  serve->add_option("--listen", commands.parsed().listen, "Where agents connect" + unless(usual.listen))->type_name("HOST:PORT");
  serve->add_option("--admin", commands.parsed().admin, "Where the admin API answers" + unless(usual.admin))
      ->type_name("HOST:PORT");
  serve->add_flag("--stdio", commands.parsed().serve.stdio, "Speak MCP on standard input and output");
  serve->add_option("--profile", commands.parsed().serve.profile, "With --stdio: this profile")->type_name("NAME");
  serve->footer("Without --log-level, the log tells warn and error on a terminal, info too elsewhere.\n" + serve->get_footer());
}

void add_lists(CommandSet& commands) {
  commands.add("list", "Show the servers", "switchyard list", [](Parsed&) -> Outcome { return ListCommand{}; });
  CLI::App* status = commands.add(
      "status", "Show how the servers do, and what they need", "switchyard status files", [](Parsed& parsed) -> Outcome {
        return parsed.status;
      });
  status->add_option("NAME", commands.parsed().status.server, "One server, in full");
  CLI::App* events = commands.add(
      "events", "Follow what happens in the gateway that runs", "switchyard events files", [](Parsed& parsed) -> Outcome {
        return parsed.events;
      });
  events->add_option("NAME", commands.parsed().events.server, "What concerns this server alone");
  events->footer("Goes on until the gateway ends, or Ctrl-C. With --json: an object a line.\n" + events->get_footer());
  CLI::App* tools =
      commands.add("tools", "Show the tools agents see", "switchyard tools --server files", [](Parsed& parsed) -> Outcome {
        return parsed.tools;
      });
  tools->add_option("--server", commands.parsed().tools.server, "Of this server alone")->type_name("NAME");
  tools->add_option("--profile", commands.parsed().tools.profile, "As this profile shows them")->type_name("NAME");
}

void add_tool_commands(CommandSet& commands) {
  CLI::App* describe = commands.add(
      "describe", "Show what a tool does and takes", "switchyard describe files__read_file", [](Parsed& parsed) -> Outcome {
        return parsed.describe;
      });
  describe->add_option("TOOL", commands.parsed().describe.tool, "The name agents see")->required();
  describe->add_option("--profile", commands.parsed().describe.profile, "As this profile shows it")->type_name("NAME");
  CLI::App* call =
      commands.add("call", "Call a tool", "switchyard call files__read_file '{\"path\": \"/srv/docs/a.txt\"}'", finish_call);
  call->add_option("TOOL", commands.parsed().call.tool, "The name agents see")->required();
  call->add_option("JSON", commands.parsed().call_arguments, "Its arguments, a JSON object; - reads them from standard input");
  call->add_option("--arg", commands.parsed().call.pairs, "One argument; the value is JSON, or else text")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  call->add_option("--text", commands.parsed().call.texts, "One argument; the value is text, also where it looks like a number")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  call->add_option("--profile", commands.parsed().call.profile, "Call it as this profile shows it")->type_name("NAME");
}

void add_explain(CommandSet& commands) {
  CLI::App* explain = commands.add("explain",
                                   "Show why a server or a tool cannot be used, or that it can",
                                   "switchyard explain files__read_file",
                                   [](Parsed& parsed) -> Outcome { return parsed.explain; });
  explain->add_option("NAME", commands.parsed().explain.name, "A server; a tool, as agents or its server call it; or SERVER/TOOL")
      ->required();
  explain->add_option("--profile", commands.parsed().explain.profile, "As this profile shows it")->type_name("NAME");
  explain->footer("Exit status 1 where it cannot be used.\n" + explain->get_footer());
}

void add_inspect(CommandSet& commands) {
  CLI::App* inspect = commands.add("inspect",
                                   "Show what one server offers, and how it deviates from the protocol",
                                   "switchyard inspect -- npx -y @modelcontextprotocol/server-filesystem /srv/docs",
                                   finish_inspect);
  inspect->add_option(
      "SERVER", commands.parsed().inspect.target, "Its name in the configuration, or a URL, or -- COMMAND ARGUMENT...");
  inspect->add_flag("--strict", commands.parsed().inspect.strict, "Exit with 1 where a finding is an error");
  inspect->footer("Calls no tool and changes nothing. Needs no gateway.\n" + inspect->get_footer());
}

void add_doctor(CommandSet& commands) {
  CLI::App* doctor = commands.add(
      "doctor", "Say what is wrong with this set-up, and what mends it", "switchyard doctor files", [](Parsed& parsed) -> Outcome {
        return parsed.doctor;
      });
  doctor->add_option("NAME", commands.parsed().doctor.servers, "These servers alone, also such as are switched off");
  doctor->add_flag("--offline", commands.parsed().doctor.offline, "Ask no server anything");
  doctor->footer("Changes nothing and starts no server. Exit status 1 where something is an error.\n" + doctor->get_footer());
}

}  // namespace

void define_questions(CommandSet& commands) {
  add_serve(commands);
  add_lists(commands);
  add_tool_commands(commands);
  add_explain(commands);
  add_inspect(commands);
  add_doctor(commands);
}

}  // namespace gateway
