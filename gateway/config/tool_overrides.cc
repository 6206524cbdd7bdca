#include "gateway/config/tool_overrides.h"

#include <optional>
#include <string_view>
#include <utility>

#include "gateway/config/field_values.h"
#include "gateway/config/near_name.h"
#include "gateway/config/server_fields.h"

namespace gateway {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxText = 16 * 1024;  // bytes of a title or a description

/// What keeps a name from standing in callable names as it is, or "".
std::string name_problem(std::string_view name) {
  static constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  const bool fits = !name.empty() && name.size() <= kMaxName && name.find_first_not_of(kAllowed) == std::string_view::npos;
  return fits ? "" : "expected a name of 1 to 64 of A-Z a-z 0-9 _ -, found " + quoted(name);
}

std::optional<std::string> read_shown(const JsonNode& node, const std::string& path, Findings& findings) {
  auto text = read_text(node, path, findings);
  if (!text) return std::nullopt;
  if (text->empty()) {
    findings.error(path, node.at, "expected a text that is not empty; leave it out to keep the server's own");
  } else if (text->size() > kMaxText) {
    findings.error(path, node.at, "longer than " + std::to_string(kMaxText / 1024) + " KiB");
  }
  return text;
}

ToolOverride read_override(const JsonNode& node, const std::string& path, Findings& findings) {
  ToolOverride shown;
  if (!node.is(JsonNode::Kind::object)) {
    findings.wrong_type(path, node, "an object with \"name\", \"title\" and \"description\"");
    return shown;
  }
  for (const JsonMember& member : node.members) {
    const std::string here = path_of_key(path, member.key);
    if (member.earlier) findings.error(here, member.at, repeated_message(*member.earlier));
    if (member.key == "name") {
      shown.name = read_text(member.value, here, findings).value_or("");
      const bool text = member.value.is(JsonNode::Kind::string);
      if (std::string problem = text ? name_problem(shown.name) : ""; !problem.empty()) {
        findings.error(here, member.value.at, std::move(problem));
      }
    } else if (member.key == "title") {
      shown.title = read_shown(member.value, here, findings);
    } else if (member.key == "description") {
      shown.description = read_shown(member.value, here, findings);
    } else {
      findings.error(
          here, member.at, "unknown key " + quoted(member.key) + name_hint(member.key, {"name", "title", "description"}));
    }
  }
  if (node.members.empty()) findings.warning(path, node.at, "has no effect: it says nothing of the tool");
  return shown;
}

}  // namespace

std::map<std::string, ToolOverride, std::less<>> read_tool_overrides(const JsonNode& node,
                                                                     const std::string& path,
                                                                     Findings& findings) {
  std::map<std::string, ToolOverride, std::less<>> overrides;
  if (!node.is(JsonNode::Kind::object)) {
    findings.wrong_type(path, node, "an object of tools, by the server's own names");
    return overrides;
  }
  std::map<std::string, std::string, std::less<>> tools;  // by the names they get
  for (const JsonMember& member : node.members) {
    const std::string here = path_of_key(path, member.key);
    if (member.earlier) findings.error(here, member.at, repeated_message(*member.earlier));
    if (member.key.empty()) findings.error(here, member.at, "expected the server's own name of a tool, found nothing");
    ToolOverride shown = read_override(member.value, here, findings);
    if (!shown.name.empty() && !member.earlier) {
      const auto [first, fresh] = tools.emplace(shown.name, member.key);
      if (!fresh) {
        findings.error(path_of_key(here, "name"),
                       member.value.find("name")->value.at,
                       quoted(shown.name) + " is the name of " + quoted(first->second) + " already");
      }
    }
    overrides.insert_or_assign(member.key, std::move(shown));
  }
  return overrides;
}

}  // namespace gateway
