#include "gateway/cli/inspection_text.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gateway/cli/table.h"
#include "gateway/cli/text.h"
#include "gateway/config/words.h"
#include "gateway/inspect/inspection_json.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

using mcp::member;
using mcp::string_member;

constexpr std::size_t kShownInstructions = 400, kShownParameters = 60, kShownSubjects = 5;
constexpr std::size_t kUsualWidth = 100;  // where the output is no terminal

std::string first_line(const std::string& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  return clean_line(text.substr(begin, text.find('\n', begin) - begin));
}

std::string key_text(std::string_view key) {
  return clean_line(mcp::decode_json_string("\"" + std::string(key) + "\""));
}

/// "tools (listChanged), logging".
std::string capabilities_text(std::string_view capabilities) {
  std::vector<std::string> names;
  mcp::for_each_member(capabilities, [&](std::string_view key, std::string_view value) {
    std::vector<std::string> parts;
    mcp::for_each_member(value, [&](std::string_view part, std::string_view setting) {
      if (setting != "false" && setting != "null") parts.push_back(key_text(part));
      return true;
    });
    names.push_back(key_text(key) + (parts.empty() ? "" : " (" + joined(parts) + ")"));
    return true;
  });
  return names.empty() ? "none" : joined(names);
}

/// "example/everything 2.0.0 (Everything)".
std::string server_text(std::string_view info) {
  std::string text = clean_line(string_member(info, "name"));
  if (const std::string version = clean_line(string_member(info, "version")); !version.empty()) text += " " + version;
  const std::string title = clean_line(string_member(info, "title"));
  if (!title.empty()) text += " (" + title + ")";
  return text.empty() ? "does not say" : text;
}

std::string type_text(std::string_view schema) {
  std::string type = string_member(schema, "type");
  if (!type.empty()) return type;
  return member(schema, "enum").empty() ? "any" : "enum";
}

std::string size_text(std::size_t bytes) {
  return bytes < 10'000 ? std::to_string(bytes) + " bytes" : std::to_string(bytes / 1000) + " kB";
}

Tone tone_of(Severity severity) {
  if (severity == Severity::error) return Tone::bad;
  return severity == Severity::warning ? Tone::warning : Tone::faint;
}

class Renderer {
 public:
  Renderer(const Inspection& inspection, const Console& console) : inspection_(inspection), console_(console) {}

  std::string render() {
    add_facts();
    add_tools();
    add_list(inspection_.prompts, "PROMPT", "prompts", "name");
    add_list(inspection_.resources, "RESOURCE", "resources", "uri");
    add_list(inspection_.templates, "TEMPLATE", "templates", "uriTemplate");
    add_findings();
    return std::move(text_);
  }

 private:
  void add_fact(std::string_view label, const std::string& value) {
    if (!value.empty()) text_ += toned(label, Tone::faint, console_.colour) + value + "\n";
  }

  void add_facts() {
    add_fact("server        ", server_text(inspection_.server_info));
    add_fact("reached by    ", inspection_.transport + ", " + clean_line(inspection_.target));
    add_fact("revision      ", std::string(to_string(inspection_.revision)));
    add_fact("capabilities  ", capabilities_text(inspection_.capabilities));
    add_fact("offers        ", offers_text());
    std::vector<std::string> times;
    times.reserve(inspection_.timings.size());
    for (const Timing& timing : inspection_.timings) {
      times.push_back(timing.what + " " + duration_text(timing.took));
    }
    add_fact("took          ", joined(times));
    const std::string instructions = clean_line(inspection_.instructions);
    add_fact("instructions  ", cut_to_width(instructions, kShownInstructions));
  }

  std::string offers_text() const {
    const auto count = [](const OfferList& list, const std::string& what) { return counted(list.items.size(), what); };
    return count(inspection_.tools, "tool") + " (" + size_text(inspection_.tools.bytes) + "), " +
           count(inspection_.prompts, "prompt") + ", " + count(inspection_.resources, "resource") + ", " +
           count(inspection_.templates, "template");
  }

  void add_tools() {
    if (!begin_list(inspection_.tools, "tools")) return;
    Table table({"TOOL", "HINTS", "TAKES", "DOES"});
    for (const std::string& tool : inspection_.tools.items) {
      table.add_row({clean_line(string_member(tool, "name")),
                     hints_text(tool),
                     cut_to_width(parameters_text(member(tool, "inputSchema")), kShownParameters),
                     first_line(string_member(tool, "description"))});
    }
    text_ += table.render(console_.width, console_.colour);
  }

  void add_list(const OfferList& list, const std::string& head, const std::string& what, std::string_view key) {
    if (!begin_list(list, what)) return;
    Table table({head, "IS"});
    for (const std::string& item : list.items) {
      std::string is = first_line(string_member(item, "description"));
      if (is.empty()) is = clean_line(string_member(item, "title"));
      if (is.empty() && key != "name") is = clean_line(string_member(item, "name"));
      table.add_row({clean_line(string_member(item, key)), is});
    }
    text_ += table.render(console_.width, console_.colour);
  }

  /// Whether there is something to show.
  bool begin_list(const OfferList& list, const std::string& what) {
    if (list.declared && list.error) text_ += "\nno " + what + ": " + clean_line(list.error->message) + "\n";
    if (list.items.empty()) return false;
    text_ += "\n";
    return true;
  }

  void add_findings() {
    const auto& findings = inspection_.findings;
    if (findings.all().empty()) {
      text_ += "\nNo deviation from revision " + std::string(to_string(inspection_.revision)) + " was found.\n";
      return;
    }
    for (const Severity severity : {Severity::error, Severity::warning, Severity::note}) {
      for (const Finding& finding : findings.all()) {
        if (finding.rule->severity == severity) add_finding(finding);
      }
    }
    const auto count = [&](Severity severity) { return counted(findings.count(severity), std::string(to_string(severity))); };
    text_ += "\n" + count(Severity::error) + ", " + count(Severity::warning) + ", " + count(Severity::note) + "\n";
  }

  void add_finding(const Finding& finding) {
    std::string seen = clean_line(finding.seen);
    const std::size_t shown = std::min(finding.subjects.size(), kShownSubjects);
    for (std::size_t i = 0; i < shown; ++i) {
      seen += (i == 0 ? ": " : ", ") + clean_line(finding.subjects[i]);
    }
    const std::size_t more = finding.subjects.size() - shown + finding.left_out;
    if (more > 0) seen += " and " + std::to_string(more) + " more";
    const std::string_view severity = to_string(finding.rule->severity);
    text_ += "\n" + toned(severity, tone_of(finding.rule->severity), console_.colour) + "  " + seen + "\n";
    add_paragraph(finding.rule->means);
    add_paragraph("The specification: " + std::string(finding.rule->says));
    text_ += "  " + toned(page_url(*finding.rule, inspection_.revision), Tone::faint, console_.colour) + "\n";
  }

  void add_paragraph(std::string_view sentence) {
    const std::size_t width = console_.width > 0 ? console_.width : kUsualWidth;
    text_ += wrap_words("  " + std::string(sentence), width) + "\n";
  }

  const Inspection& inspection_;
  const Console& console_;
  std::string text_;
};

}  // namespace

std::string parameters_text(std::string_view schema) {
  std::set<std::string, std::less<>> required;
  for (const std::string_view name : mcp::elements(member(schema, "required"))) {
    required.insert(mcp::decode_json_string(name));
  }
  std::vector<std::string> needed, optional;
  mcp::for_each_member(member(schema, "properties"), [&](std::string_view key, std::string_view value) {
    const std::string name = mcp::decode_json_string("\"" + std::string(key) + "\"");
    const bool needs = required.contains(name);
    (needs ? needed : optional).push_back(clean_line(name) + (needs ? "*: " : ": ") + clean_line(type_text(value)));
    return true;
  });
  needed.insert(needed.end(), optional.begin(), optional.end());
  return joined(needed);
}

std::string hints_text(std::string_view tool) {
  const std::string_view annotations = member(tool, "annotations");
  std::vector<std::string> hints;
  if (member(annotations, "readOnlyHint") == "true") {
    hints.emplace_back("read-only");
  } else if (member(annotations, "destructiveHint") == "true") {
    hints.emplace_back("destructive");
  }
  if (member(annotations, "openWorldHint") == "true") hints.emplace_back("open world");
  const std::string support = string_member(member(tool, "execution"), "taskSupport");
  if (support == "required" || support == "optional") hints.push_back("task " + support);
  return joined(hints);
}

std::string inspection_text(const Inspection& inspection, const Console& console) {
  return Renderer(inspection, console).render();
}

}  // namespace gateway
