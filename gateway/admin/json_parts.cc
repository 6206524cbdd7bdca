#include "gateway/admin/json_parts.h"

#include <nlohmann/json.hpp>

namespace gateway {

using nlohmann::ordered_json;

ordered_json error_object(const mcp::Error& error) {
  ordered_json json = {{"reason", mcp::to_string(error.code)}, {"message", error.message}};
  if (!error.remedy.empty()) json["remedy"] = error.remedy;
  return json;
}

std::string dump_json(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace gateway
