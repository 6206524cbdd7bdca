#include <istream>
#include <iterator>
#include <map>
#include <ostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/missing_tool.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/report.h"
#include "gateway/cli/text.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

using Members = std::map<std::string, std::string>;  // name to JSON

/// Takes in the KEY=VALUE of one `option`, --arg or --text.
Result<> add_pair(Members& members, const std::string& option, const std::string& pair) {
  const auto equals = pair.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorCode::config_invalid, option + " " + pair + ": expected KEY=VALUE");
  }
  const std::string value = pair.substr(equals + 1);
  const bool is_json = option == "--arg" && mcp::validate_json(value);
  const auto added = members.emplace(pair.substr(0, equals), is_json ? value : mcp::json_string(value));
  if (added.second) return {};
  return fail(ErrorCode::config_invalid, option + " " + pair + ": \"" + added.first->first + "\" was given before");
}

Result<std::string> arguments_of_pairs(const CallCommand& command) {
  Members members;
  for (const std::string& pair : command.pairs) {
    if (auto added = add_pair(members, "--arg", pair); !added) return std::unexpected(std::move(added).error());
  }
  for (const std::string& pair : command.texts) {
    if (auto added = add_pair(members, "--text", pair); !added) return std::unexpected(std::move(added).error());
  }
  std::string json = "{";
  for (const auto& [key, value] : members) {
    if (json.size() > 1) json += ",";
    json += mcp::json_string(key) + ":" + value;
  }
  return json + "}";
}

/// What a progress notification tells: "3 of 10, message".
std::string progress_text(std::string_view params) {
  const std::string_view done = mcp::member(params, "progress");
  const std::string_view total = mcp::member(params, "total");
  const std::string_view message = mcp::member(params, "message");
  std::string text(done);
  if (!total.empty()) text.append(" of ").append(total);
  if (message.starts_with('"')) text.append(text.empty() ? "" : ", ").append(mcp::decode_json_string(message));
  return text;
}

/// A piece of content as people read it, ending in a line break.
std::string content_text(std::string_view content) {
  const std::string_view text = mcp::member(content, "text");
  if (mcp::member(content, "type") != "\"text\"" || !text.starts_with('"')) return std::string(content) + "\n";
  std::string out = mcp::decode_json_string(text);
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

std::string plain_result_text(std::string_view result) {
  std::string text;
  for (const std::string_view content : mcp::elements(mcp::member(result, "content")))
    text += content_text(content);
  if (text.empty()) {
    const std::string_view structured = mcp::member(result, "structuredContent");
    if (!structured.empty()) text = std::string(structured) + "\n";
  }
  return text;
}

/// That there is no such tool to be had. `result` and `error` are "" where they are not there.
bool is_missing(const std::string& tool, std::string_view result, std::string_view error) {
  const std::string reason = mcp::string_member(mcp::member(error, "data"), "reason");
  if (reason == to_string(ErrorCode::unknown_tool) || reason == to_string(ErrorCode::tool_filtered)) return true;
  // Of a server that is down; where the tool is known, what is said is of the call.
  const bool ours = !mcp::member(mcp::member(result, "_meta"), "switchyard/error").empty();
  return ours && plain_result_text(result).starts_with("tool \"" + tool + "\" is not there: ");
}

Exit report_rpc_error(const CommandContext& context, std::string_view error) {
  const std::string_view message = mcp::member(error, "message");
  report_note(context.console, message.starts_with('"') ? mcp::decode_json_string(message) : std::string(error));
  return Exit::failed;
}

Exit show_response(const CommandContext& context, GatewayAccess& access, const CallCommand& command, std::string_view response) {
  const std::string_view error = mcp::member(response, "error");
  const std::string_view result = mcp::member(response, "result");
  const bool is_error = mcp::member(result, "isError") == "true";
  if (context.options.json) {
    context.console.out << (error.empty() ? std::string(result) : R"({"error":)" + std::string(error) + "}") << "\n";
  } else if (error.empty() && !is_error) {
    context.console.out << result_text(result, context.console);
  }
  if (error.empty() && !is_error) return Exit::done;
  if (is_missing(command.tool, result, error)) {
    report_note(context.console, missing_tool(access, command.profile, command.tool).text());
    return Exit::failed;
  }
  if (!error.empty()) return report_rpc_error(context, error);
  std::string text = plain_result_text(result);
  while (text.ends_with('\n'))
    text.pop_back();
  // What the gateway says names the tool already.
  const bool ours = !mcp::member(mcp::member(result, "_meta"), "switchyard/error").empty();
  report_note(context.console, ours ? text : command.tool + " failed: " + (text.empty() ? "it did not say why" : text));
  return Exit::failed;
}

}  // namespace

Result<std::string> call_arguments(const CallCommand& command, std::istream& in) {
  if (!command.arguments) return arguments_of_pairs(command);
  std::string json = *command.arguments;
  if (json == "-") json.assign(std::istreambuf_iterator<char>(in), {});
  const auto begin = json.find_first_not_of(" \t\r\n");
  if (const auto valid = mcp::validate_json(json); !valid) {
    constexpr std::string_view kSubject = "The text is";
    const std::string& why = valid.error().message;
    const bool known = why.starts_with(kSubject);
    const std::string text = known ? "the arguments are" + why.substr(kSubject.size()) : "the arguments: " + why;
    return fail(ErrorCode::config_invalid, text + " They are one JSON object, or --arg KEY=VALUE for each.");
  }
  if (json[begin] != '{') {
    return fail(ErrorCode::config_invalid, "the arguments are not a JSON object: expected {\"name\": value, …}");
  }
  return json;
}

std::string result_text(std::string_view result, const Console& console) {
  const std::string text = plain_result_text(result);
  return console.out_terminal ? clean_text(text) : text;
}

Exit run_call(const CommandContext& context, const CallCommand& command) {
  auto arguments = call_arguments(command, context.console.in);
  if (!arguments) {
    report_note(context.console, failure_text(arguments.error().message, "Try \"switchyard call --help\"."));
    return Exit::usage;
  }
  const auto access = open_gateway(context);
  if (!access) return report_failure(context, access.error());
  (*access)->await_tool(command.profile, command.tool);
  const ToolQuestion question{.profile = command.profile, .tool = command.tool, .arguments = std::move(*arguments)};
  const auto response = [&] {
    ProgressLine line(context.console.err, context.console.err_terminal, "calling " + command.tool);
    return (*access)->call(question, [&](std::string_view params) {
      const std::string text = progress_text(params);
      if (!text.empty()) line.set("calling " + command.tool + ": " + text);
    });
  }();
  if (!response) return report_failure(context, response.error());
  return show_response(context, **access, command, *response);
}

}  // namespace gateway
