// switchyard explain
#include <algorithm>
#include <ostream>

#include "gateway/admin/time_text.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/report.h"
#include "gateway/cli/table.h"
#include "gateway/cli/text.h"
#include "gateway/config/words.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

constexpr std::size_t kStepWidth = 15, kOutcomeWidth = 13;
constexpr std::size_t kIndent = 2 + kStepWidth + kOutcomeWidth;
constexpr std::size_t kNarrowest = 30;  // columns that what was found has at least

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size() + 1), ' ');
  return text;
}

struct Shown {
  std::string_view word;
  Tone tone = Tone::plain;
};

Shown shown_outcome(std::string_view outcome) {
  if (outcome == "passed") return {"ok", Tone::good};
  if (outcome == "warning") return {"warning", Tone::warning};
  if (outcome == "failed") return {"failed", Tone::bad};
  if (outcome == "not_reached") return {"not reached", Tone::faint};
  return {"-", Tone::faint};
}

/// Lines broken to the width of the terminal, all but the first indented.
std::string hanging(const std::string& text, std::size_t indent, std::size_t width) {
  if (width == 0) return text + "\n";
  const std::string wrapped = wrap_words(text, std::max(kNarrowest, width > indent ? width - indent : 0));
  std::string out;
  for (std::size_t at = 0; at < wrapped.size();) {
    const std::size_t end = std::min(wrapped.find('\n', at), wrapped.size());
    if (at > 0) out.append(indent, ' ');
    out.append(wrapped, at, end - at).append("\n");
    at = end + 1;
  }
  return out.empty() ? "\n" : out;
}

/// ", for 72 s", ", next try in 2 s": what the time of day makes of a step's facts. What does not stay is not tried
/// again.
std::string time_text(std::string_view facts, SystemTime now, bool running) {
  const auto time = [facts](std::string_view name) { return parse_rfc3339(mcp::string_member(facts, name)); };
  const auto between = [](SystemTime from, SystemTime to) {
    return duration_text(std::max(std::chrono::duration_cast<std::chrono::milliseconds>(to - from), std::chrono::milliseconds(0)));
  };
  std::string text;
  if (const auto since = time("since")) {
    const std::string state = spoken(mcp::string_member(facts, "state"));
    text += (state == "ready" ? ", for " : ", " + state + " for ") + between(*since, now);
  }
  if (const auto retry = time("retryAt"); retry && running) text += ", next try in " + between(now, *retry);
  if (const auto open = time("openUntil")) text += ", for another " + between(now, *open);
  return text;
}

std::string step_text(std::string_view step, bool running, SystemTime now, const Console& console) {
  const std::string name = spoken(mcp::string_member(step, "step"));
  const Shown outcome = shown_outcome(mcp::string_member(step, "outcome"));
  std::string found = mcp::string_member(step, "found");
  const std::string times = time_text(mcp::member(step, "facts"), now, running);
  if (!times.empty()) {
    if (found.ends_with('.')) found.pop_back();
    found += times;
  }
  std::string text =
      "  " + padded(name, kStepWidth) + toned(padded(std::string(outcome.word), kOutcomeWidth), outcome.tone, console.colour);
  if (found.empty()) return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  text += hanging(clean_line(found), kIndent, console.width);
  const std::string remedy = clean_line(mcp::string_member(step, "remedy"));
  if (outcome.word == "warning" && !remedy.empty()) {
    text += std::string(kIndent, ' ') + hanging(remedy, kIndent, console.width);
  }
  return text;
}

std::string match_text(std::string_view match, std::string_view answer, SystemTime now, const Console& console) {
  const std::string view = mcp::string_member(answer, "view");
  const bool running = mcp::member(answer, "running") == "true";
  const std::string tool = mcp::string_member(match, "tool"), server = mcp::string_member(match, "server");
  std::string text = clean_line((tool.empty() ? "server " : "tool " + tool + " of server ") + server + ", at " + view) + "\n";
  for (const std::string_view step : mcp::elements(mcp::member(match, "steps")))
    text += step_text(step, running, now, console);
  const std::string failed = mcp::string_member(match, "failed");
  if (failed.empty()) {
    text += toned(clean_line(mcp::string_member(match, "verdict")), Tone::good, console.colour) + "\n";
    return text;
  }
  text += toned(tool.empty() ? "not usable" : "not callable", Tone::bad, console.colour);
  if (mcp::member(match, "listed") == "true") text += ", though agents see it as " + clean_line(mcp::string_member(match, "name"));
  const std::string remedy = mcp::string_member(match, "remedy");
  return text + (remedy.empty() ? "\n" : ". " + hanging(clean_line(remedy), 0, console.width));
}

std::string near_text(std::string_view answer) {
  std::string names;
  for (const std::string_view name : mcp::elements(mcp::member(answer, "near")))
    names += (names.empty() ? "\"" : ", \"") + mcp::decode_json_string(name) + "\"";
  return names.empty() ? "" : "; did you mean " + names + "?";
}

}  // namespace

std::string explain_text(std::string_view answer, SystemTime now, const Console& console) {
  std::string text;
  const auto matches = mcp::elements(mcp::member(answer, "matches"));
  if (!matches.empty() && mcp::member(answer, "running") != "true") {
    static constexpr std::string_view kOwn =
        "No gateway runs here with this configuration; its servers were started for this command alone.";
    text += toned(kOwn, Tone::faint, console.colour) + "\n\n";
  }
  for (std::size_t i = 0; i < matches.size(); ++i)
    text += (i == 0 ? "" : "\n") + match_text(matches[i], answer, now, console);
  return text;
}

Exit run_explain(const CommandContext& context, const ExplainCommand& command) {
  const auto access = open_gateway(context);
  if (!access) return report_failure(context, access.error());
  const auto answer = (*access)->explain(command.profile, command.name);
  if (!answer) return report_failure(context, answer.error());
  if (context.options.json) {
    context.console.out << *answer << "\n";
  } else {
    context.console.out << explain_text(*answer, std::chrono::system_clock::now(), context.console);
  }
  const std::string_view unknown = mcp::member(*answer, "unknown");
  const std::string_view problem = mcp::member(*answer, "configError");
  if (!problem.empty()) {
    report_note(context.console,
                "the configuration cannot be used as it is now, and what it was before is in force: " +
                    failure_text(mcp::string_member(problem, "message"), mcp::string_member(problem, "remedy")));
  }
  if (!unknown.empty()) {
    report_note(context.console,
                failure_text(mcp::string_member(unknown, "message") + near_text(*answer), mcp::string_member(unknown, "remedy")));
  }
  std::string starting;
  for (const std::string_view name : mcp::elements(mcp::member(*answer, "starting")))
    starting += (starting.empty() ? "" : ", ") + mcp::decode_json_string(name);
  if (!starting.empty()) report_note(context.console, "still starting, so that the answer may change: " + starting);
  return mcp::member(*answer, "callable") == "true" ? Exit::done : Exit::failed;
}

}  // namespace gateway
