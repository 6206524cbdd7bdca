#pragma once

#include <cstddef>

#include "gateway/config/config_file.h"
#include "gateway/doctor/check.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "mcp/process/child_process.h"

namespace gateway {

/// Makes a sandbox around a program that does nothing, as the gateway would around a server. Nothing is written.
mcp::Task<mcp::Result<>> try_sandbox(mcp::ProcessLauncher& launcher, const Environment& environment);

/// The version of Landlock that the kernel has; 0: none.
long landlock_version();

/// `asking`: the number of servers that ask for a sandbox.
Check check_sandbox(const mcp::Result<>& tried, long landlock, std::size_t asking);

}  // namespace gateway
