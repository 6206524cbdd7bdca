#pragma once

#include <string_view>

namespace mcp::schema {

/// The text of a metaschema of 2020-12, 2019-09 or draft-07 by its identifier without fragment, vocabularies' ones included; "" for
/// any other.
std::string_view metaschema_text(std::string_view uri);

}  // namespace mcp::schema
