#include "gateway/cli/pretty_json.h"

#include <nlohmann/json.hpp>

#include "gateway/cli/text.h"

namespace gateway {

std::string pretty_json(std::string_view json) {
  using nlohmann::ordered_json;
  const ordered_json parsed = ordered_json::parse(json, nullptr, false);
  if (parsed.is_discarded()) return clean_text(json);
  return clean_text(parsed.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

}  // namespace gateway
