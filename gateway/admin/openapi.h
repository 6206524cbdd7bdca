#pragma once

#include <string>

namespace gateway {

/// GET /api/v1/openapi.json: the admin API as an OpenAPI 3.1 document.
const std::string& openapi_json();

}  // namespace gateway
