#include "mcp/adapt/capabilities.h"

#include <algorithm>

#include "mcp/json/text.h"

namespace mcp {
namespace {

using enum ProtocolVersion;

bool is_object(std::string_view json) {
  return json.starts_with('{');
}

bool has_object(std::string_view object, std::string_view name) {
  return is_object(member(object, name));
}

/// Appends a member to an object that is open: `{` or `{…`.
void append_member(std::string& object, std::string_view name, std::string_view json) {
  if (object.back() != '{') object += ',';
  object.append("\"").append(name).append("\":").append(json);
}

std::string adapt_elicitation(std::string_view declared, ProtocolVersion client, ProtocolVersion server) {
  const bool url = has_object(declared, "url") && client >= v2025_11_25;
  const bool form = has_object(declared, "form") || !has_object(declared, "url");
  if (server < v2025_11_25) return form ? "{}" : "";
  std::string modes = "{";
  if (form) append_member(modes, "form", "{}");
  if (url) append_member(modes, "url", "{}");
  return form || url ? modes + '}' : "";
}

std::string adapt_roots(std::string_view declared) {
  return member(declared, "listChanged") == "true" ? R"({"listChanged":true})" : "{}";
}

std::string adapt_sampling(std::string_view declared, ProtocolVersion revision) {
  std::string parts = "{";
  for (const std::string_view part : {"context", "tools"}) {
    if (revision >= v2025_11_25 && has_object(declared, part)) append_member(parts, part, "{}");
  }
  return parts + '}';
}

}  // namespace

std::string adapt_capabilities(std::string_view declared, ProtocolVersion client, ProtocolVersion server) {
  const ProtocolVersion revision = std::min(client, server);
  std::string offered = "{";
  if (const auto elicitation = member(declared, "elicitation"); is_object(elicitation) && revision >= v2025_06_18) {
    if (const std::string modes = adapt_elicitation(elicitation, client, server); !modes.empty())
      append_member(offered, "elicitation", modes);
  }
  if (const auto roots = member(declared, "roots"); is_object(roots)) append_member(offered, "roots", adapt_roots(roots));
  if (const auto sampling = member(declared, "sampling"); is_object(sampling)) {
    append_member(offered, "sampling", adapt_sampling(sampling, revision));
  }
  return offered + '}';
}

}  // namespace mcp
