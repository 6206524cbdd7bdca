#include "gateway/cli/import_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/cli/table.h"
#include "gateway/cli/text.h"
#include "gateway/config/entry_text.h"
#include "gateway/config/jsonc_write.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"

namespace gateway {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kWidestName = 64, kWidestColumn = 32;  // no server of ours has a longer name than the former

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view word_of(ImportVerdict verdict) {
  switch (verdict) {
    case ImportVerdict::add:
      return "add";
    case ImportVerdict::same:
      return "same";
    case ImportVerdict::taken:
      return "taken";
    case ImportVerdict::unusable:
      return "unusable";
    case ImportVerdict::not_asked:
      break;
  }
  return "not_asked";
}

Table::Cell verdict_cell(const ImportedServer& server) {
  switch (server.verdict) {
    case ImportVerdict::add:
      return {std::string("add") + (server.disabled ? ", switched off" : ""), Tone::good};
    case ImportVerdict::same:
      return {"same", Tone::faint};
    case ImportVerdict::taken:
      return {"skip", Tone::warning};
    case ImportVerdict::unusable:
      return {"cannot", Tone::bad};
    case ImportVerdict::not_asked:
      break;
  }
  return {"leave", Tone::faint};
}

std::string what_it_is(const ImportedServer& server) {
  if (server.verdict == ImportVerdict::add) {
    return (server.name == server.found_as ? "" : "as " + server.name + ": ") + entry_text(server.converted.entry);
  }
  if (server.verdict != ImportVerdict::taken) return server.why;
  const std::string rename = " --rename " + shell_word(server.found_as + "=" + server.found_as + "-2");
  return server.why + "; another name with" + rename;
}

std::string need_text(const NeededValue& needed) {
  return (needed.secret ? "switchyard secret set " + shell_word(needed.name) : "set the variable " + needed.name) + " (" +
         needed.why + ")";
}

/// What is to be known of a server besides: a line each.
std::vector<std::pair<std::string, std::string>> details(const ImportedServer& server) {
  std::vector<std::pair<std::string, std::string>> lines;
  if (!server.twice.empty()) lines.emplace_back("note", server.twice);
  if (server.verdict != ImportVerdict::add) return lines;
  for (const MovedSecret& secret : server.converted.secrets) {
    lines.emplace_back("secret",
                       secret.path + (secret.stored ? " is in the store already, as " : " goes into the store, as ") + secret.name);
  }
  for (const NeededValue& needed : server.converted.needed)
    lines.emplace_back("before it runs", need_text(needed));
  for (const std::string& note : server.converted.notes)
    lines.emplace_back("note", note);
  if (!server.converted.left_out.empty()) lines.emplace_back("left out, means nothing here", joined(server.converted.left_out));
  return lines;
}

std::string source_head(const ImportPlan& plan, const ImportedServer& server) {
  const SourceFile& file = plan.sources[server.source].file;
  const std::string name(client_name(file.client));
  std::string head = (name.empty() ? "" : name + ", ") + file.path;
  if (!server.folder.empty() && server.folder != file.folder) head += ", for " + server.folder;
  return head;
}

Json servers_json(const ImportPlan& plan) {
  Json servers = Json::array();
  for (const ImportedServer& server : plan.servers) {
    const SourceFile& file = plan.sources[server.source].file;
    Json one = {{"name", server.name},
                {"foundAs", server.found_as},
                {"client", client_word(file.client)},
                {"file", file.path},
                {"folder", server.folder},
                {"verdict", word_of(server.verdict)},
                {"why", server.why},
                {"disabled", server.disabled}};
    one["secrets"] = Json::array();
    for (const MovedSecret& secret : server.converted.secrets)
      one["secrets"].push_back({{"path", secret.path}, {"name", secret.name}, {"stored", secret.stored}});
    one["needs"] = Json::array();
    for (const NeededValue& needed : server.converted.needed)
      one["needs"].push_back({{"kind", needed.secret ? "secret" : "variable"}, {"name", needed.name}, {"why", needed.why}});
    one["notes"] = server.converted.notes;
    if (!server.twice.empty()) one["notes"].push_back(server.twice);
    one["leftOut"] = server.converted.left_out;
    if (server.verdict == ImportVerdict::add) {
      one["entry"] = Json::parse(write_on_one_line(server.converted.entry, JsoncStyle{.trailing_comma = false}), nullptr, false);
    }
    servers.push_back(std::move(one));
  }
  return servers;
}

std::string sentence(std::string_view verb, const std::vector<std::string>& names, std::string_view rest) {
  if (names.empty()) return "";
  return std::string(verb) + " " + joined(names) + std::string(rest) + "\n";
}

}  // namespace

std::string import_preview(const ImportPlan& plan, const Console& console) {
  std::string text, head;
  std::size_t width = 0, verdicts = 0;
  const auto shown = [](const ImportedServer& server) { return cut_to_width(clean_line(server.found_as), kWidestName); };
  for (const ImportedServer& server : plan.servers) {
    // One long name moves the others nowhere.
    if (const std::size_t one = display_width(shown(server)); one <= kWidestColumn) width = std::max(width, one);
    verdicts = std::max(verdicts, verdict_cell(server).text.size());
  }
  for (const ImportedServer& server : plan.servers) {
    if (const std::string next = source_head(plan, server); next != head) {
      text += (text.empty() ? "" : "\n") + clean_line(next) + "\n";
      head = next;
    }
    const std::string name = shown(server);
    const Table::Cell verdict = verdict_cell(server);
    text += "  " + name + std::string(width - std::min(width, display_width(name)) + 2, ' ');
    text += toned(verdict.text, verdict.tone, console.colour) + std::string(verdicts - verdict.text.size() + 2, ' ');
    text += clean_line(what_it_is(server)) + "\n";
    for (const auto& [kind, line] : details(server))
      text += "      " + kind + ": " + clean_line(line) + "\n";
  }
  return text;
}

std::string import_json(const ImportPlan& plan, const ImportReport& report) {
  Json json;
  json["file"] = report.file;
  json["newFile"] = report.new_file;
  json["sources"] = Json::array();
  for (const SourceReading& source : plan.sources) {
    json["sources"].push_back({{"client", client_word(source.file.client)},
                               {"file", source.file.path},
                               {"folder", source.file.folder},
                               {"servers", source.servers.size()}});
  }
  json["unread"] = Json::array();
  for (const mcp::Error& error : report.unread)
    json["unread"].push_back({{"reason", to_string(error.code)}, {"message", error.message}, {"remedy", error.remedy}});
  json["servers"] = servers_json(plan);
  json["secrets"] = report.secrets;
  json["cleared"] = report.cleared;
  json["warnings"] = report.warnings;
  json["applied"] = report.applied;
  json["dryRun"] = report.dry_run;
  json["gatewayRuns"] = report.running;
  return dumped(json);
}

std::string undo_text(const UndoPlan& plan, bool done) {
  const std::string& file = plan.record.file;
  std::string text;
  if (!plan.new_text && plan.text) {
    text = (done ? "Removed " : "Would remove ") + file + ", which the import made";
    text += plan.servers.empty() ? ".\n" : ", with " + joined(plan.servers) + ".\n";
  } else {
    text = sentence(
        done ? "Took" : "Would take", plan.servers, " out of " + file + (plan.exact ? ", which is as it was before." : "."));
  }
  text += sentence(done ? "Kept" : "Would keep", plan.changed, ", changed since the import.");
  text += sentence("Not there any more:", plan.gone, ".");
  text += sentence(done ? "Removed from the store:" : "Would remove from the store:", plan.secrets, ".");
  text += sentence(done ? "Kept in the store:" : "Would keep in the store:", plan.kept_secrets, ", which the configuration names.");
  return text;
}

std::string undo_json(const UndoPlan& plan, bool applied, bool dry_run) {
  return dumped({{"file", plan.record.file},
                 {"exact", plan.exact},
                 {"removesFile", !plan.new_text && plan.text},
                 {"takenOut", plan.servers},
                 {"changedSince", plan.changed},
                 {"gone", plan.gone},
                 {"secretsRemoved", plan.secrets},
                 {"secretsKept", plan.kept_secrets},
                 {"applied", applied},
                 {"dryRun", dry_run}});
}

}  // namespace gateway
