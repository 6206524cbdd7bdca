#include "mcp/adapt/elicitation.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "mcp/adapt/adapter.h"
#include "mcp/adapt/content.h"
#include "mcp/adapt/message_params.h"
#include "mcp/json/text.h"

namespace mcp {
namespace {

using enum ProtocolVersion;
using Names = std::set<std::string, std::less<>>;

void refuse(Adapter& adapter, const std::string& what) {
  adapter.refuse(
      ErrorCode::invalid_params,
      "The client's protocol revision (" + std::string(to_string(adapter.to())) + ") has no " + what + " in elicitation.");
}

/// [{"const":"a","title":"A"},…], the choices of 2025-11-25.
bool has_titled_choices(std::string_view choices) {
  const auto all = elements(choices);
  return !all.empty() && std::ranges::all_of(all, [](std::string_view choice) { return member(choice, "const").starts_with('"'); });
}

/// The same choices as 2025-06-18 has them: "enum":["a",…],"enumNames":["A",…].
std::string named_choices(std::string_view choices) {
  std::string values, names;
  for (const std::string_view choice : elements(choices)) {
    const std::string_view value = member(choice, "const"), title = member(choice, "title");
    values.append(values.empty() ? "" : ",").append(value);
    names.append(names.empty() ? "" : ",").append(title.starts_with('"') ? title : value);
  }
  return R"("enum":[)" + values + R"(],"enumNames":[)" + names + "]";
}

void adapt_field(Adapter& adapter, std::string_view field) {
  const std::string type = string_member(field, "type");
  bool has_enum = !member(field, "enum").empty();
  adapter.members(field, [&](std::string_view key, std::string_view value, std::string_view written) {
    if (key == "default") return type == "boolean";
    if ((key != "oneOf" && key != "anyOf") || !has_titled_choices(value)) return true;
    if (has_enum) return false;
    adapter.replace(written, named_choices(value));
    has_enum = true;
    return true;
  });
}

/// Several choices at once cannot be asked for in 2025-06-18. A field that may be left out is; one that may not is a reason to
/// refuse.
void adapt_fields(Adapter& adapter, std::string_view fields, const Names& required) {
  bool any = false, left = false;
  adapter.members(fields, [&](std::string_view key, std::string_view field, std::string_view) {
    any = true;
    if (string_member(field, "type") != "array") {
      left = true;
      adapt_field(adapter, field);
      return true;
    }
    if (required.contains(key)) refuse(adapter, "choice of several values (\"" + std::string(key) + "\")");
    return false;
  });
  if (any && !left) refuse(adapter, "choice of several values");
}

void adapt_schema(Adapter& adapter, std::string_view schema) {
  Names required;
  for (const std::string_view name : elements(member(schema, "required"))) {
    required.insert(decode_json_string(name));
  }
  adapter.members(schema, [&](std::string_view key, std::string_view value, std::string_view) {
    if (key == "properties") adapt_fields(adapter, value, required);
    return key != "$schema";
  });
}

void adapt_mode(Adapter& adapter, std::string_view mode) {
  if (decode_json_string(mode) != "form") refuse(adapter, "mode " + std::string(mode));
}

}  // namespace

Result<> adapt_elicitation_request(Message& request, ProtocolVersion to) {
  if (to < v2025_06_18) return fail_unknown_method(request, to);
  static constexpr MemberRule kRules[] = {{.name = "_meta", .adapt = adapt_message_meta},
                                          {.name = "requestedSchema", .adapt = adapt_schema},
                                          {.name = "task", .since = v2025_11_25}};
  const std::string_view params = request.raw(request.envelope().params);
  Adapter adapter(params, to);
  adapter.members(params, [&](std::string_view key, std::string_view value, std::string_view) {
    if (key != "mode") return adapter.adapt_member(kRules, key, value);
    adapt_mode(adapter, value);
    return false;
  });
  return replace_params(request, adapter);
}

}  // namespace mcp
