#include "gateway/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "gateway/cli/command_set.h"
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

/// The only one that begins with the word, where that says enough.
std::optional<std::string> only_beginning(const std::string& word, const std::vector<std::string>& known) {
  constexpr std::size_t kFewest = 2;
  const auto begins = [&](const std::string& name) { return word.size() >= kFewest && name.starts_with(word); };
  if (std::ranges::count_if(known, begins) != 1) return std::nullopt;
  return *std::ranges::find_if(known, begins);
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
    define_questions(commands_);
    define_changes(commands_);
    define_logins(commands_);
    define_import(commands_);
    refuse_empty_values(app_);
    for (const auto& [command, finish] : commands_.all())
      refuse_empty_values(*command);
    commands_.add("version", "Show the version", "switchyard version", [](Parsed&) -> Outcome { return VersionCommand{}; });
    app_.add_subcommand("help", "Show this help, or that of a command")->footer("Example: switchyard help call");
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

  /// `switchyard help WORD`; "" where there is no word. The word stands where the parser looks for commands itself.
  NoCommand help_of(const std::string& word) const {
    if (word.empty()) return {true, app_.help()};
    const auto named = app_.get_subcommands([&](const CLI::App* command) { return command->get_name() == word; });
    return named.empty() ? unknown(word).error() : NoCommand{true, named.front()->help("switchyard")};
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

  CLI::App* chosen() const {
    for (const auto& [command, finish] : commands_.all()) {
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

  /// Those of every command, and of this one.
  std::vector<std::string> options_with(const CLI::App* command) const {
    std::vector<std::string> known;
    for (const CLI::App* app : {command, &app_}) {
      if (app == nullptr) continue;
      for (const CLI::Option* one : app->get_options()) {
        if (!one->get_lnames().empty()) known.push_back("--" + one->get_lnames().front());
      }
    }
    return known;
  }

  std::unexpected<NoCommand> unknown(const std::string& word) const {
    const CLI::App* command = chosen();
    std::vector<std::string> known;
    const bool option = word.starts_with('-');
    if (option) {
      known = options_with(command);
    } else if (command == nullptr) {
      for (const auto& [one, finish] : commands_.all())
        known.push_back(one->get_name());
    } else {
      const std::string name = command->get_name();
      return wrong(name + " does not take \"" + word + "\"" + std::string(how_words_go(name)));
    }
    auto nearest = nearest_name(word.substr(0, word.find('=')), {known.begin(), known.end()});
    if (!nearest && !option) nearest = only_beginning(word, known);
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
    for (const auto& [command, finish] : commands_.all()) {
      if (!command->parsed()) continue;
      auto outcome = finish(parsed_);
      if (!outcome) return wrong(outcome.error().text);
      return CommandLine{parsed_.global, std::move(*outcome)};
    }
    return wrong("no command was given");
  }

  CLI::App app_;
  Parsed parsed_;
  CommandSet commands_{app_, parsed_};
};

}  // namespace

CLI::App* CommandSet::add(const std::string& name, const std::string& description, const std::string& example, Finish finish) {
  CLI::App* command = app_.add_subcommand(name, description);
  command->footer("Example: " + example + "\nOptions that every command takes: switchyard --help");
  command->fallthrough();
  commands_.emplace_back(command, std::move(finish));
  return command;
}

std::expected<CommandLine, NoCommand> parse_command_line(int argc, const char* const* argv) {
  const char* const* const end = argv + argc;
  if (argc > 1 && std::string_view(argv[1]) == "help") {
    const auto is_word = [](std::string_view word) { return !word.starts_with('-'); };
    const char* const* const word = std::find_if(argv + 2, end, is_word);
    return std::unexpected(Parser().help_of(word == end ? "" : *word));
  }
  const char* const* const dashes = std::find_if(argv, end, [](std::string_view word) { return word == "--"; });
  if (dashes != end) {
    auto line = Parser().parse_with_command(static_cast<int>(dashes - argv), argv, {dashes + 1, end});
    if (line) return std::move(*line);
  }
  return Parser().parse(argc, argv);
}

}  // namespace gateway
