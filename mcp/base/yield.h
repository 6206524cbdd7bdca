#pragma once

#include "mcp/base/task.h"

namespace mcp {

/// Lets everything else that is ready on the loop run first.
Task<void> yield_to_others();

}  // namespace mcp
