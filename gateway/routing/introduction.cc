#include "gateway/routing/introduction.h"

#include <algorithm>
#include <string_view>

#include "mcp/json/text.h"

namespace gateway {

using mcp::ProtocolVersion;

namespace {

constexpr std::string_view kOwnInfo = R"({"name":"switchyard","title":"Switchyard","version":")" SWITCHYARD_VERSION R"("})";
constexpr std::size_t kMaxInstructions = std::size_t{4} << 10;      // bytes of one server
constexpr std::size_t kMaxAllInstructions = std::size_t{16} << 10;  // bytes
constexpr std::size_t kWorthStarting = 256;                         // bytes; less says nothing of a text that is longer

/// Lists of tasks are ours in any case.
std::string_view tasks_json(std::string_view server) {
  const bool cancel = server.empty() || mcp::member(mcp::member(server, "tasks"), "cancel").starts_with('{');
  return cancel ? R"({"list":{},"cancel":{},"requests":{"tools":{"call":{}}}})" : R"({"list":{},"requests":{"tools":{"call":{}}}})";
}

/// `server`: the capabilities that count, or "" for all; `spoken`: the revision they are declared in.
std::string capabilities_json(ProtocolVersion version, std::string_view server, ProtocolVersion spoken, Carried carried) {
  std::string json;
  const auto has = [server, spoken](std::string_view capability) {
    if (server.empty()) return true;
    // The revision 2024-11-05 had completion, and no capability to say so.
    if (capability == "completions" && spoken == ProtocolVersion::v2024_11_05) {
      return mcp::declares(server, "prompts") || mcp::declares(server, "resources");
    }
    return capability == "tasks" ? mcp::declares_tool_tasks(server) : mcp::declares(server, capability);
  };
  const auto add = [&](std::string_view capability, std::string_view value) {
    if (!has(capability)) return;
    json += json.empty() ? '{' : ',';
    json.append("\"").append(capability).append("\":").append(value);
  };
  add("tools", R"({"listChanged":true})");
  add("prompts", R"({"listChanged":true})");
  const bool subscribable = server.empty() || mcp::member(mcp::member(server, "resources"), "subscribe") == "true";
  add("resources", subscribable && carried.subscribe ? R"({"listChanged":true,"subscribe":true})" : R"({"listChanged":true})");
  if (version != ProtocolVersion::v2024_11_05) add("completions", "{}");
  if (carried.logging) add("logging", "{}");
  if (version >= ProtocolVersion::v2025_11_25) add("tasks", tasks_json(server));
  return json.empty() ? "{}" : json + "}";
}

std::string introduction_json(ProtocolVersion version,
                              std::string_view capabilities,
                              std::string_view server_info,
                              const std::string& instructions) {
  std::string json = R"({"protocolVersion":")";
  json += to_string(version);
  json.append(R"(","capabilities":)").append(capabilities);
  json.append(R"(,"serverInfo":)").append(server_info);
  if (!instructions.empty()) {
    json += ",\"instructions\":";
    mcp::append_json_string(json, instructions);
  }
  json += '}';
  return json;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = std::min(text.find_first_not_of(kSpace), text.size());
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

/// Where a text may end that has no more room than that: behind a line or a word of its second half, else behind a character.
std::size_t cut_place(std::string_view text, std::size_t room) {
  const std::string_view fits = text.substr(0, room);
  for (const std::string_view separators : {"\n", " \t"}) {
    const auto place = fits.find_last_of(separators);
    if (place != std::string_view::npos && place >= room / 2) return place;
  }
  std::size_t end = room;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return end;
}

}  // namespace

std::string merged_introduction(ProtocolVersion version, const View& view, Carried carried) {
  return introduction_json(version, capabilities_json(version, {}, version, carried), kOwnInfo, merged_instructions(view));
}

std::string own_introduction(ProtocolVersion version, const mcp::ServerIntroduction& server, Carried carried) {
  const std::string capabilities = capabilities_json(version, server.capabilities, server.version, carried);
  return introduction_json(version, capabilities, server.server_info, server.instructions);
}

namespace {

/// What an agent can say of a server of which it sees nothing.
std::string login_text(const Runtime& member) {
  const auto missing = member.serves() ? std::nullopt : member.missing_login();
  return missing ? "Nothing of this server can be used now: " + missing->text() : "";
}

}  // namespace

std::string merged_instructions(const View& view) {
  std::string merged;
  std::size_t left_out = 0;
  for (const auto& member : view.members()) {
    const auto& introduction = member->introduction();
    const std::string login = login_text(*member);
    const std::string_view own = introduction ? trimmed(introduction->instructions) : std::string_view();
    const std::string_view text = login.empty() ? own : std::string_view(login);
    if (text.empty()) continue;
    const std::string heading = (merged.empty() ? "## " : "\n\n## ") + member->spec().name.str() + "\n";
    const std::size_t used = merged.size() + heading.size();
    const std::size_t room = std::min(kMaxInstructions, kMaxAllInstructions - std::min(used, kMaxAllInstructions));
    if (text.size() > room && room < kWorthStarting) {
      ++left_out;
      continue;
    }
    merged += heading;
    if (text.size() <= room) {
      merged += text;
      continue;
    }
    const std::size_t end = cut_place(text, room);
    merged += text.substr(0, end);
    merged += "\n[" + std::to_string(text.size() - end) + " more bytes of these instructions are left out]";
  }
  if (left_out > 0) merged += "\n\n[The instructions of " + std::to_string(left_out) + " more servers are left out]";
  return merged;
}

}  // namespace gateway
