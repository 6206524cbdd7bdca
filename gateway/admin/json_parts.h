#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "mcp/base/error.h"

namespace gateway {

// What the views of the admin API have in common.

/// {reason,message,remedy?}
nlohmann::ordered_json error_object(const mcp::Error& error);

/// Its text; what is no UTF-8 becomes U+FFFD.
std::string dump_json(const nlohmann::ordered_json& json);

}  // namespace gateway
