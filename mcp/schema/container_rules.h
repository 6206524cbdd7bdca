#pragma once

#include <string>
#include <string_view>

#include "mcp/schema/compiler.h"

namespace mcp::schema {

inline constexpr Kinds kArrays = kinds({Value::Kind::array}), kObjects = kinds({Value::Kind::object});

/// minItems, maxItems (`applies_to` kArrays, `what` "elements"), minProperties, maxProperties.
void add_size_rule(Filling& filling, std::string_view name, Kinds applies_to, std::string_view what);

/// A string as JSON, for messages.
std::string quote(std::string_view text);

}  // namespace mcp::schema
