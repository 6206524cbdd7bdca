#pragma once

#include <functional>
#include <map>
#include <string>

#include "gateway/config/config.h"
#include "gateway/config/findings.h"
#include "gateway/config/jsonc.h"

namespace gateway {

/// The value of a server's "tools.override": { "own_name": { "name": "new_name", "title": "…", "description": "…" } }.
std::map<std::string, ToolOverride, std::less<>> read_tool_overrides(const JsonNode& node,
                                                                     const std::string& path,
                                                                     Findings& findings);

}  // namespace gateway
