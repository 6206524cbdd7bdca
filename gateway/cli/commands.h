#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/cli/command_line.h"
#include "gateway/cli/gateway_access.h"

namespace gateway {

// One function a command; each says itself what went wrong.
Exit run_serve(const CommandContext& context, const ServeCommand& command);
Exit run_list(const CommandContext& context);
Exit run_status(const CommandContext& context, const StatusCommand& command);
Exit run_events(const CommandContext& context, const EventsCommand& command);
Exit run_tools(const CommandContext& context, const ToolsCommand& command);
Exit run_describe(const CommandContext& context, const DescribeCommand& command);
Exit run_explain(const CommandContext& context, const ExplainCommand& command);
Exit run_call(const CommandContext& context, const CallCommand& command);
Exit run_inspect(const CommandContext& context, const InspectCommand& command);
Exit run_doctor(const CommandContext& context, const DoctorCommand& command);
Exit run_plan(const CommandContext& context);
Exit run_reload(const CommandContext& context, const ReloadCommand& command);
Exit run_add(const CommandContext& context, const AddCommand& command);
Exit run_remove(const CommandContext& context, const RemoveCommand& command);
Exit run_switch(const CommandContext& context, const SwitchCommand& command);
/// What is in the store of logins.
Exit run_login_list(const CommandContext& context);
Exit run_login(const CommandContext& context, const LoginCommand& command);
Exit run_logout(const CommandContext& context, const LogoutCommand& command);
Exit run_import(const CommandContext& context, const ImportCommand& command);
Exit run_secret(const CommandContext& context, const SecretCommand& command);
Exit run_version(const CommandContext& context);

// What they show, apart from how they come by it. The JSON is that of the admin API, or a JSON-RPC response; it is valid.
using SystemTime = std::chrono::system_clock::time_point;
std::string list_text(std::string_view servers_json, SystemTime now, const Console& console);
std::string status_text(std::string_view servers_json, SystemTime now, const Console& console);
/// Nothing where there is no such server.
std::optional<std::string> server_text(std::string_view servers_json,
                                       const std::string& name,
                                       SystemTime now,
                                       const Console& console);
std::string plan_text(std::string_view plan_json, const Console& console);
std::string tools_text(std::string_view tools_json, const Console& console);
std::string tool_text(std::string_view entry, const Console& console);
std::string explain_text(std::string_view answer, SystemTime now, const Console& console);
/// Text content as it is, other content as JSON, a line each.
std::string result_text(std::string_view result, const Console& console);

/// The arguments object a call is made with. Error config_invalid: wrong usage. Reads standard input for "-".
mcp::Result<std::string> call_arguments(const CallCommand& command, std::istream& in);

}  // namespace gateway
