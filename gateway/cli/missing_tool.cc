#include "gateway/cli/missing_tool.h"

#include <algorithm>
#include <string_view>

#include "gateway/config/near_name.h"
#include "gateway/config/shell_word.h"
#include "gateway/config/words.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

using mcp::Error;
using mcp::ErrorCode;

std::vector<std::string> strings_of(std::string_view array) {
  std::vector<std::string> strings;
  for (const std::string_view text : mcp::elements(array))
    strings.push_back(mcp::decode_json_string(text));
  return strings;
}

/// The step of a match that has this name or outcome; "" where none has.
std::string_view step_with(std::string_view match, std::string_view member, std::string_view value) {
  for (const std::string_view step : mcp::elements(mcp::member(match, "steps"))) {
    if (mcp::string_member(step, member) == value) return step;
  }
  return {};
}

std::vector<std::string> profile_servers(std::string_view match) {
  return strings_of(mcp::member(mcp::member(step_with(match, "step", "configuration"), "facts"), "profileServers"));
}

/// "server "files" is down: ".
std::string state_text(std::string_view match, std::string_view step) {
  const std::string state = mcp::string_member(mcp::member(step, "facts"), "state");
  const std::string server = "server \"" + mcp::string_member(match, "server") + "\"";
  if (state == "failed") return server + " failed: ";
  return server + (state == "backing_off" ? " is down: " : ": ");
}

/// Answers for one name.
class Search {
 public:
  Search(GatewayAccess& access, const std::string& profile, const std::string& tool)
      : access_(access), profile_(profile), tool_(tool), shown_("\"" + tool + "\"") {}

  Error run() {
    const auto answer = access_.explain(profile_, tool_);
    if (!answer) return answer.error();
    const auto matches = mcp::elements(mcp::member(*answer, "matches"));
    if (auto found = other_name(matches)) return std::move(*found);
    for (const std::string_view match : matches) {
      if (auto found = cause(match)) return std::move(*found);
    }
    if (const std::string_view unknown = mcp::member(*answer, "unknown"); !unknown.empty()) {
      // Such as that it is a prompt.
      const std::string message = mcp::string_member(unknown, "message");
      if (!message.starts_with("no server and no tool")) return {ErrorCode::unknown_tool, message};
    }
    Error error{ErrorCode::unknown_tool, "there is no tool " + shown_};
    const std::string near = nearest(strings_of(mcp::member(*answer, "near")));
    if (!near.empty()) error.remedy = "Did you mean \"" + near + "\"?";
    return error;
  }

 private:
  /// It can be called, but not so.
  std::optional<Error> other_name(const std::vector<std::string_view>& matches) const {
    std::vector<std::string> names;
    bool renamed = false;
    for (const std::string_view match : matches) {
      const std::string own = mcp::string_member(match, "tool"), name = mcp::string_member(match, "name");
      if (own.empty() || mcp::member(match, "callable") != "true" || name == tool_) continue;
      renamed = renamed || mcp::string_member(match, "server") + "__" + own == tool_;
      names.push_back("\"" + name + "\"");
    }
    if (names.empty()) return std::nullopt;
    if (renamed) return Error{ErrorCode::unknown_tool, "tool " + shown_ + " is called " + names.front() + " here"};
    return Error{ErrorCode::unknown_tool, "there is no tool " + shown_, "Did you mean " + joined(names, " or ") + "?"};
  }

  /// What stands in its way. Nothing where its server does not have it.
  std::optional<Error> cause(std::string_view match) const {
    if (mcp::string_member(match, "tool").empty()) {
      return Error{ErrorCode::unknown_tool,
                   shown_ + " is a server, not a tool",
                   "Its tools: switchyard tools --server " + shell_word(tool_) + "."};
    }
    const std::string_view failed = step_with(match, "outcome", "failed");
    const std::string stage = mcp::string_member(failed, "step"), reason = mcp::string_member(failed, "reason");
    const std::string found = mcp::string_member(failed, "found"), remedy = mcp::string_member(failed, "remedy");
    if (failed.empty() || (stage == "discovery" && reason == to_string(ErrorCode::unknown_tool))) return std::nullopt;
    if (stage == "filter") return Error{ErrorCode::tool_filtered, "tool " + shown_ + " is kept back: " + found, remedy};
    const auto servers = profile_servers(match);
    if (stage == "configuration" && reason == to_string(ErrorCode::unknown_tool)) {
      return Error{ErrorCode::unknown_tool,
                   "profile \"" + profile_ + "\" has no tool " + shown_ + "; its servers: " + joined(servers),
                   remedy};
    }
    const std::string server = found.starts_with("server \"") ? "" : state_text(match, failed);
    return Error{ErrorCode::server_unavailable, "tool " + shown_ + " is not there: " + server + found, remedy};
  }

  /// The first of these that is a tool, else the one that is spelled most like it.
  std::string nearest(const std::vector<std::string>& near) const {
    const auto json = access_.tools(profile_, "");
    if (!json) return "";
    std::vector<std::string> names;
    for (const std::string_view entry : mcp::elements(mcp::member(*json, "tools")))
      names.push_back(mcp::string_member(entry, "name"));
    const auto found =
        std::ranges::find_if(near, [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); });
    if (found != near.end()) return *found;
    return nearest_name(tool_, {names.begin(), names.end()}).value_or("");
  }

  GatewayAccess& access_;
  const std::string& profile_;
  const std::string& tool_;
  const std::string shown_;
};

}  // namespace

Error missing_tool(GatewayAccess& access, const std::string& profile, const std::string& tool) {
  Error error = Search(access, profile, tool).run();
  error.remedy += (error.remedy.empty() ? "See \"switchyard explain " : " See \"switchyard explain ") + shell_word(tool) +
                  (profile.empty() ? "" : " --profile " + shell_word(profile)) + "\".";
  return error;
}

std::vector<std::string> servers_of_profile(GatewayAccess& access, const std::string& profile, const std::string& any_server) {
  const auto answer = access.explain(profile, any_server);
  if (!answer) return {};
  const auto matches = mcp::elements(mcp::member(*answer, "matches"));
  return matches.empty() ? std::vector<std::string>() : profile_servers(matches.front());
}

}  // namespace gateway
