#pragma once

#include "gateway/cli/gateway_access.h"
#include "gateway/config/config.h"

namespace gateway {

/// "switchyard: what failed. what to do" on standard error; with --json also {"error":{"reason":…,"message":…,"remedy":…}} on
/// standard output.
Exit report_failure(const CommandContext& context, const mcp::Error& error);

/// The warnings and errors of a configuration on standard error, a line each: for people, or as log lines of the target "config"
/// where the log is JSON.
void report_diagnostics(const CommandContext& context, const Config& config);

/// That there is nothing to run, with an example, on standard error. `config` is the file that holds no servers.
void report_no_servers(const Console& console, const std::string& config);

}  // namespace gateway
