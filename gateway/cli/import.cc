#include <algorithm>
#include <filesystem>
#include <ostream>
#include <utility>

#include "gateway/cli/commands.h"
#include "gateway/cli/import_text.h"
#include "gateway/cli/report.h"
#include "gateway/cli/text.h"
#include "gateway/config/near_name.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/update_file.h"
#include "gateway/config/words.h"
#include "gateway/import/carry_out.h"

namespace gateway {

namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

/// What the sources of a command hold.
struct Gathered {
  std::vector<SourceReading> readings;  // with servers
  std::vector<mcp::Error> unread;
  std::vector<std::string> looked_at;
};

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

/// Which files the command speaks of.
Result<std::vector<SourceFile>> sources_of(const CommandContext& context, const std::string& from) {
  const HostEnvironment& host = context.environment;
  const auto client = client_of_word(from);
  auto known = known_sources(client, host.variables, host.folder);
  if (from.empty() || client) return known;
  const std::string path =
      from.starts_with('/') || host.folder.empty() ? absolute_path(from) : absolute_path(host.folder + "/" + from);
  if (is_there(path)) return std::vector{source_of_file(path, known)};
  const auto words = client_words();
  const bool word = !from.contains('/') && !from.contains('.');
  return fail(ErrorCode::io_error,
              path + ": no such file" + (word ? ", and no client that is known" + name_hint(from, words) : ""),
              word ? "" : "Name a client or a file: switchyard import --help.");
}

Gathered gather(const std::vector<SourceFile>& files, const std::string& config) {
  Gathered gathered;
  for (const SourceFile& file : files) {
    gathered.looked_at.push_back(file.path);
    if (!is_there(file.path)) continue;
    std::error_code error;
    if (std::filesystem::equivalent(file.path, config, error)) {
      gathered.unread.push_back({ErrorCode::config_invalid, file.path + " is the configuration itself", "Name another file.", ""});
      continue;
    }
    auto reading = read_source(file);
    if (!reading) {
      gathered.unread.push_back(std::move(reading).error());
    } else if (!reading->servers.empty()) {
      gathered.readings.push_back(std::move(*reading));
    }
  }
  return gathered;
}

/// Claude Code keeps in the user's file what is switched off of a project's.
void apply_switches(std::vector<SourceReading>& readings, const CommandContext& context) {
  for (const SourceFile& user : known_sources(ImportClient::claude_code, context.environment.variables, "")) {
    for (SourceReading& reading : readings) {
      if (reading.file.client == ImportClient::claude_code && !reading.file.folder.empty())
        apply_claude_switches(reading, user.path);
    }
  }
}

class Import {
 public:
  Import(const CommandContext& context, const ImportCommand& command) : context_(context), command_(command) {}

  Exit run() {
    report_.file = known_config(context_);
    report_.dry_run = command_.dry_run;
    auto plan = make_plan();
    if (!plan) return report_failure(context_, plan.error());
    if (plan->count(ImportVerdict::add) == 0) return nothing_to_add(*plan);
    const ImportBase base{report_.file, text_, context_.environment.variables};
    const auto edit = edit_of_import(*plan, base);
    if (!edit) return report_failure(context_, edit.error());
    report_.warnings = edit->warnings;
    if (!context_.options.json) out() << import_preview(*plan, context_.console) << "\n" << promise(*plan) << std::flush;
    if (!wanted(*plan)) return exit_code();
    return carry_out(*plan, base);
  }

 private:
  /// What the command names is to be read; what it only looks for may be anything.
  Exit exit_code() const { return command_.from.empty() || report_.unread.empty() ? Exit::done : Exit::failed; }

  std::ostream& out() const { return context_.console.out; }

  Result<ImportPlan> make_plan() {
    const auto files = sources_of(context_, command_.from);
    if (!files) return std::unexpected(files.error());
    Gathered gathered = gather(*files, report_.file);
    if (gathered.readings.empty()) return std::unexpected(nothing_found(gathered));
    report_.unread = std::move(gathered.unread);
    for (const mcp::Error& error : report_.unread)
      report_note(context_.console, error.text());
    apply_switches(gathered.readings, context_);
    auto text = read_if_there(report_.file, kJsoncMaxBytes);
    if (!text) return std::unexpected(text.error());
    text_ = std::move(*text);
    report_.new_file = !text_;
    const ImportBase base{report_.file, text_, context_.environment.variables};
    return plan_import(std::move(gathered.readings), base, {command_.only, command_.renames, command_.number_taken});
  }

  static mcp::Error nothing_found(const Gathered& gathered) {
    if (!gathered.unread.empty()) return gathered.unread.front();
    return {ErrorCode::config_invalid,
            "no servers to import were found; looked at " + joined(gathered.looked_at),
            "Name a client or a file: switchyard import --help.",
            ""};
  }

  Exit nothing_to_add(const ImportPlan& plan) {
    if (context_.options.json) {
      out() << import_json(plan, report_) << "\n";
    } else {
      out() << import_preview(plan, context_.console) << "\nThere is nothing to add to " << clean_line(report_.file) << ".\n";
    }
    return exit_code();
  }

  /// "2 servers would go into FILE, and 1 secret into the store."
  std::string promise(const ImportPlan& plan) const {
    std::string text = counted(plan.count(ImportVerdict::add), "server") + " would go into " + report_.file;
    if (report_.new_file) text += ", a new file";
    if (!plan.secrets.empty()) text += ", and " + counted(plan.secrets.size(), "secret") + " into the store";
    return clean_line(text) + ".\n";
  }

  /// Whether to go on. Says so where not.
  bool wanted(const ImportPlan& plan) const {
    if (!command_.dry_run && command_.yes) return true;
    const bool ask = !command_.dry_run && !context_.options.json && context_.console.in_terminal && context_.console.out_terminal;
    if (ask && ask_yes(context_.console, "Do that?")) return true;
    if (context_.options.json) out() << import_json(plan, report_) << "\n";
    const std::string how = command_.dry_run || ask ? "" : "; do it with: switchyard import " + words() + "--yes";
    report_note(context_.console, "nothing was changed" + how);
    return false;
  }

  /// The command's words, but for --yes.
  std::string words() const {
    std::string text = command_.from.empty() ? "" : shell_word(command_.from) + " ";
    for (const std::string& name : command_.only)
      text.append("--only ").append(shell_word(name)).append(" ");
    for (const auto& [from, to] : command_.renames) {
      std::string pair = from;
      pair.append("=").append(to);
      text.append("--rename ").append(shell_word(pair)).append(" ");
    }
    return text + (command_.number_taken ? "--number " : "");
  }

  Exit carry_out(const ImportPlan& plan, const ImportBase& base) {
    auto records = ImportRecords::open(context_.state_dir());
    if (!records) return report_failure(context_, records.error());
    const auto store = context_.credential_store();
    report_.cleared = clear_interrupted(*records, *store);
    // What was thought to be stored may just have gone.
    const auto gone = std::ranges::find_if(plan.servers, [&](const ImportedServer& server) {
      return std::ranges::any_of(server.converted.secrets, [&](const MovedSecret& secret) {
        return secret.stored && std::ranges::find(report_.cleared, secret.name) != report_.cleared.end();
      });
    });
    if (gone != plan.servers.end()) {
      return report_failure(context_,
                            {ErrorCode::config_invalid, "secrets of an interrupted import were in the way", "Import again.", ""});
    }
    auto outcome = carry_out_import(plan, base, *records, *store);
    if (!outcome) return report_failure(context_, outcome.error());
    report_.applied = true;
    report_.secrets = outcome->secrets;
    report_.running = gateway_runs_on(context_, report_.file);
    show(plan);
    return exit_code();
  }

  void show(const ImportPlan& plan) const {
    if (context_.options.json) {
      out() << import_json(plan, report_) << "\n";
      return;
    }
    std::vector<std::string> names;
    for (const ImportedServer& server : plan.servers) {
      if (server.verdict == ImportVerdict::add) names.push_back(server.name);
    }
    std::string text = "Added " + joined(names) + " to " + report_.file + (report_.new_file ? ", a new file" : "") + ".\n";
    if (!report_.secrets.empty()) text += "Stored the secrets " + joined(report_.secrets) + ".\n";
    if (!report_.cleared.empty()) text += "Removed what an interrupted import had stored: " + joined(report_.cleared) + ".\n";
    text += "Take it back with: switchyard import --undo\n";
    text += report_.running ? "The running gateway takes it up by itself.\n"
                            : "Start it with: switchyard serve" + config_words() + "\n";
    out() << clean_text(text);
  }

  std::string config_words() const { return context_.options.config ? " --config " + shell_word(report_.file) : ""; }

  const CommandContext& context_;
  const ImportCommand& command_;
  std::optional<std::string> text_;  // of the configuration
  ImportReport report_;
};

class Undo {
 public:
  Undo(const CommandContext& context, const ImportCommand& command) : context_(context), command_(command) {}

  Exit run() {
    if (!is_there(context_.state_dir() + "/imports")) {
      return report_failure(context_, {ErrorCode::config_invalid, "there is no import to take back", "", ""});
    }
    auto records = ImportRecords::open(context_.state_dir());
    if (!records) return report_failure(context_, records.error());
    const auto store = context_.credential_store();
    if (!command_.dry_run) clear(*records, *store);
    const auto all = records->all();
    const bool in_use = !all.empty() && gateway_runs_on(context_, all.front().file);
    const auto plan = plan_undo(*records, context_.environment.variables, in_use);
    if (!plan) return report_failure(context_, plan.error());
    if (!wanted(*plan)) return Exit::done;
    if (auto done = carry_out_undo(*plan, *records, *store); !done) return report_failure(context_, done.error());
    show(*plan, true);
    return Exit::done;
  }

 private:
  void clear(ImportRecords& records, oauth::CredentialStore& store) const {
    const auto cleared = clear_interrupted(records, store);
    if (!cleared.empty()) report_note(context_.console, "removed what an interrupted import had stored: " + joined(cleared));
  }

  void show(const UndoPlan& plan, bool done) const {
    context_.console.out << (context_.options.json ? undo_json(plan, done, command_.dry_run) + "\n"
                                                   : clean_text(undo_text(plan, done)));
  }

  bool wanted(const UndoPlan& plan) const {
    if (command_.yes) return true;
    const Console& console = context_.console;
    show(plan, false);
    const bool ask = !command_.dry_run && !context_.options.json && console.in_terminal && console.out_terminal;
    if (ask && ask_yes(console, "Do that?")) return true;
    const bool how = !command_.dry_run && !ask;
    report_note(console, std::string("nothing was changed") + (how ? "; do it with: switchyard import --undo --yes" : ""));
    return false;
  }

  const CommandContext& context_;
  const ImportCommand& command_;
};

}  // namespace

Exit run_import(const CommandContext& context, const ImportCommand& command) {
  return command.undo ? Undo(context, command).run() : Import(context, command).run();
}

}  // namespace gateway
