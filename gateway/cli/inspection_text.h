#pragma once

#include <string>

#include "gateway/cli/console.h"
#include "gateway/inspect/inspection.h"

namespace gateway {

/// An inspection for people. Everything the server said is cleaned.
std::string inspection_text(const Inspection& inspection, const Console& console);

/// A tool's parameters in short: "path*: string, limit: integer"; "*" marks those it needs. `schema` is its inputSchema.
std::string parameters_text(std::string_view schema);

/// What a tool says of itself: "read-only", "destructive", "task required", …
std::string hints_text(std::string_view tool);

}  // namespace gateway
