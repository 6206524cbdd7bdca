#include "gateway/config/server_fields.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "gateway/config/near_name.h"
#include "mcp/base/ascii.h"

namespace gateway {
namespace {

struct KeyRule {
  std::string_view key;
  Field field;
  bool ours = false;  // known in a file of ours too
};

/// Where two keys of one entry mean the same, the one listed first counts. "httpUrl" comes before "url" because the client that has
/// it means the old SSE transport by "url".
constexpr std::array kRules = std::to_array<KeyRule>({
    {"command", Field::command, true},
    {"args", Field::args, true},
    {"env", Field::env, true},
    {"envFile", Field::env_file, true},
    {"cwd", Field::cwd, true},
    {"sandbox", Field::sandbox, true},
    {"httpUrl", Field::url},
    {"url", Field::url, true},
    {"serverUrl", Field::url},
    {"endpoint", Field::url},
    {"headers", Field::headers, true},
    {"caFile", Field::ca_file, true},
    {"http_headers", Field::headers},
    {"type", Field::type, true},
    {"transport", Field::type},
    {"transportType", Field::type},
    {"enabled", Field::enabled, true},
    {"isActive", Field::enabled},
    {"disabled", Field::disabled, true},
    {"required", Field::required, true},
    {"startupTimeout", Field::startup_timeout, true},
    {"startup_timeout_sec", Field::startup_timeout},
    {"callTimeout", Field::call_timeout, true},
    {"tool_timeout_sec", Field::call_timeout},
    {"timeout", Field::call_timeout_either},
    {"tools", Field::tools, true},
    {"enabled_tools", Field::tools_allow},
    {"enabledTools", Field::tools_allow},
    {"allowed_tools", Field::tools_allow},
    {"allowedTools", Field::tools_allow},
    {"include_tools", Field::tools_allow},
    {"includeTools", Field::tools_allow},
    {"disabled_tools", Field::tools_deny},
    {"disabledTools", Field::tools_deny},
    {"exclude_tools", Field::tools_deny},
    {"excludeTools", Field::tools_deny},
    {"validate", Field::validate, true},
    {"environment", Field::environment, true},
    {"isolation", Field::isolation, true},
    {"start", Field::start, true},
    {"idleStop", Field::idle_stop, true},
    {"pingInterval", Field::ping_interval, true},
    {"maxConcurrent", Field::max_concurrent, true},
    {"oauth", Field::oauth, true},
    {"bearer", Field::bearer, true},
    {"bearer_token_env_var", Field::bearer_variable},
    {"onLoginRequired", Field::on_login_required, true},
    {"alwaysAllow", Field::ignored},
    {"autoApprove", Field::ignored},
    {"trust", Field::ignored},
    {"description", Field::ignored},
    {"name", Field::ignored},
    {"icon", Field::ignored},
    {"gallery", Field::ignored},
    {"version", Field::ignored},
    {"source", Field::ignored},
});

const KeyRule* rule_of(std::string_view key) {
  const auto rule = std::ranges::find(kRules, key, &KeyRule::key);
  return rule == kRules.end() ? nullptr : &*rule;
}

std::string_view our_spelling(Field field) {
  if (field == Field::call_timeout_either) return "callTimeout";
  if (field == Field::bearer_variable) return "bearer";
  const auto rule = std::ranges::find_if(kRules, [&](const KeyRule& r) { return r.field == field && r.ours; });
  return rule == kRules.end() ? "" : rule->key;
}

/// For a key that another client has and a file of ours has not.
std::string instead_hint(Field field) {
  if (field == Field::ignored) return "; it means nothing here, take it out";
  if (field == Field::tools_allow) return "; write \"tools\": {\"allow\": […]}";
  if (field == Field::tools_deny) return "; write \"tools\": {\"deny\": […]}";
  return "; write " + quoted(our_spelling(field));
}

bool restricts(Field field) {
  return field == Field::tools_allow || field == Field::tools_deny || field == Field::enabled || field == Field::disabled ||
         field == Field::sandbox;
}

/// "sandBox", "sand_box", "sandboxed".
bool means_sandbox(std::string_view key) {
  std::string plain = mcp::ascii_lower(key);
  std::erase_if(plain, [](char c) { return c == '_' || c == '-'; });
  return plain.contains("sandbox");
}

void refuse_like_sandbox(const JsonMember& member, const std::string& path, Findings& findings) {
  findings.error(path,
                 member.at,
                 "unknown key " + quoted(member.key) +
                     " may be meant to hold the program in a sandbox, so it is not passed over; write \"sandbox\", or take it out");
}

std::vector<std::string_view> known_keys(bool foreign) {
  std::vector<std::string_view> known;
  for (const KeyRule& rule : kRules) {
    if (rule.ours || (foreign && rule.field != Field::ignored)) known.push_back(rule.key);
  }
  return known;
}

void unknown_key(const JsonMember& member, const std::string& path, bool foreign, Findings& findings) {
  const std::vector<std::string_view> known = known_keys(foreign);
  if (foreign) {
    if (means_sandbox(member.key)) return refuse_like_sandbox(member, path, findings);
    const auto nearest = nearest_name(member.key, known);
    const KeyRule* meant = nearest ? rule_of(*nearest) : nullptr;
    if ((meant != nullptr && restricts(meant->field)) || may_restrict_tools(member.key)) {
      findings.error(
          path,
          member.at,
          "unknown key " + quoted(member.key) +
              " may be meant to switch off or hold back the server or some of its tools, so it is not passed over; " +
              (meant != nullptr && restricts(meant->field) ? "did you mean " + quoted(*nearest) + "?"
                                                           : "write \"disabledTools\" or \"enabledTools\", or take it out"));
      return;
    }
    const std::string hint = nearest ? "; did you mean " + quoted(*nearest) + "?" : "";
    findings.warning(path, member.at, "unknown key " + quoted(member.key) + " is ignored" + hint);
    return;
  }
  const KeyRule* rule = rule_of(member.key);
  findings.error(
      path, member.at, "unknown key " + quoted(member.key) + (rule ? instead_hint(rule->field) : name_hint(member.key, known)));
}

/// Two spellings of one field: the one whose rule comes first stays.
void merge(ServerFields& fields, Field field, FieldEntry entry, Findings& findings) {
  const auto [had, fresh] = fields.try_emplace(field, entry);
  if (fresh) return;
  if (had->second.key != entry.key) {
    if (rule_of(entry.key) < rule_of(had->second.key)) std::swap(had->second, entry);
    findings.warning(entry.path, entry.at, "ignored, because " + quoted(had->second.key) + " says the same thing");
  } else {
    had->second = std::move(entry);
  }
}

}  // namespace

bool may_restrict_tools(std::string_view key) {
  static constexpr auto kWords = std::to_array<std::string_view>({"allow",
                                                                  "deny",
                                                                  "denied",
                                                                  "block",
                                                                  "exclu",
                                                                  "inclu",
                                                                  "disab",
                                                                  "enab",
                                                                  "filter",
                                                                  "whitelist",
                                                                  "blacklist",
                                                                  "restrict",
                                                                  "forbid",
                                                                  "hidden"});
  const std::string lower = mcp::ascii_lower(key);
  // What only spares a question offers the tool all the same.
  if (!lower.contains("tool") || lower.contains("always") || lower.contains("auto")) return false;
  return std::ranges::any_of(kWords, [&](std::string_view word) { return lower.contains(word); });
}

ServerFields collect_fields(const JsonNode& entry, const std::string& path, bool foreign, Findings& findings) {
  ServerFields fields;
  for (const JsonMember& member : entry.members) {
    const std::string here = path_of_key(path, member.key);
    const KeyRule* rule = rule_of(member.key);
    if (rule == nullptr || (!foreign && !rule->ours)) {
      unknown_key(member, here, foreign, findings);
      continue;
    }
    if (member.earlier && foreign) findings.warning(here, member.at, repeated_message(*member.earlier) + "; the last one counts");
    if (member.earlier && !foreign) findings.error(here, member.at, repeated_message(*member.earlier));
    if (rule->field == Field::ignored || (foreign && member.value.is(JsonNode::Kind::null) && rule->field != Field::sandbox))
      continue;
    merge(fields, rule->field, FieldEntry{member.key, here, member.at, &member.value}, findings);
  }
  return fields;
}

std::vector<std::string_view> own_server_keys() {
  std::vector<std::string_view> keys;
  for (const KeyRule& rule : kRules) {
    if (rule.ours) keys.push_back(rule.key);
  }
  return keys;
}

std::string repeated_message(TextPosition first) {
  return "written twice; the first is at line " + std::to_string(first.line) + ", column " + std::to_string(first.column);
}

void refuse_repeated_keys(const JsonNode& node, const std::string& path, Findings& findings) {
  for (const JsonMember& member : node.members) {
    const std::string here = path_of_key(path, member.key);
    if (member.earlier) findings.error(here, member.at, repeated_message(*member.earlier));
    refuse_repeated_keys(member.value, here, findings);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i)
    refuse_repeated_keys(node.items[i], path_of_item(path, i), findings);
}

}  // namespace gateway
