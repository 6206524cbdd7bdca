#include "gateway/inspect/check_items.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "gateway/inspect/rules.h"
#include "mcp/adapt/adapt.h"
#include "mcp/json/text.h"
#include "mcp/schema/schema.h"

namespace gateway {

namespace {

using mcp::member;
using mcp::ProtocolVersion;
using mcp::string_member;

constexpr std::size_t kLongestName = 128;  // the specification's
constexpr std::size_t kHostsName = 64;     // what hosts allow, a prefix of theirs included
constexpr std::size_t kShownName = 80;     // of a name in a finding

std::string shown(const std::string& name) {
  return name.size() <= kShownName ? name : name.substr(0, kShownName) + "…";
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/// What is wrong with a schema, to be said behind its name. No rule: that a schema has to be valid.
struct SchemaProblem {
  std::string text;  // "" for none
  const Rule* rule = nullptr;
};

/// Whether the text keeps to its own dialect's rules, as far as the dialect is one we know.
SchemaProblem compile_problem(std::string_view schema) {
  const std::string dialect = string_member(schema, "$schema");
  const bool known = dialect.empty() || dialect.contains("2020-12") || dialect.contains("2019-09") || dialect.contains("draft-07");
  if (!known) return {};
  const auto compiled = mcp::Schema::compile(schema);
  if (compiled) return {};
  const mcp::Error& error = compiled.error();
  if (error.code == mcp::ErrorCode::unknown_resource) return {"refers outside itself: " + error.message, &rules::kSchemaOutside};
  if (error.code == mcp::ErrorCode::too_large)
    return {"goes beyond what Switchyard checks: " + error.message, &rules::kSchemaBeyond};
  return {"is no valid JSON Schema: " + error.message};
}

/// Whether this is the schema of an object.
SchemaProblem schema_problem(std::string_view schema) {
  if (schema.empty()) return {"is missing"};
  if (!schema.starts_with('{')) return {"is no object"};
  const std::string_view type = member(schema, "type");
  if (type.empty()) return {"has no type"};
  if (mcp::decode_json_string(type) != "object") return {"has another type than object"};
  const std::string_view properties = member(schema, "properties"), required = member(schema, "required");
  if (!properties.empty() && !properties.starts_with('{')) return {"has properties that are no object"};
  if (!required.empty() && !required.starts_with('[')) return {"has a required that is no array"};
  return compile_problem(schema);
}

std::set<std::string, std::less<>> keys_of(std::string_view object) {
  std::set<std::string, std::less<>> keys;
  mcp::for_each_member(object, [&](std::string_view key, std::string_view) {
    keys.emplace(key);
    return true;
  });
  return keys;
}

class ItemChecker {
 public:
  explicit ItemChecker(Inspection& inspection) : inspection_(inspection), findings_(inspection.findings) {}

  void check() {
    for (const std::string& tool : inspection_.tools.items) {
      check_tool(tool);
    }
    check_named(inspection_.prompts, "prompts", "");
    check_named(inspection_.resources, "resources", "uri");
    check_named(inspection_.templates, "resourceTemplates", "uriTemplate");
  }

 private:
  void check_tool(const std::string& tool) {
    const std::string name = string_member(tool, "name");
    const std::string subject = name.empty() ? "(no name)" : shown(name);
    check_name(name, subject);
    if (string_member(tool, "description").find_first_not_of(" \t\r\n") == std::string::npos) {
      findings_.add(rules::kToolUndescribed, "tools without a description", subject);
    }
    check_schema("inputSchema", member(tool, "inputSchema"), rules::kInputSchema, subject);
    const std::string_view output = member(tool, "outputSchema");
    if (!output.empty()) check_schema("outputSchema", output, rules::kOutputSchema, subject);
    check_tasks(tool, subject);
    check_members("tools/list", "tools", tool, subject);
  }

  void check_schema(const std::string& name, std::string_view schema, const Rule& validity, const std::string& subject) {
    const SchemaProblem problem = schema_problem(schema);
    if (problem.text.empty()) return;
    findings_.add(problem.rule != nullptr ? *problem.rule : validity, name + " " + problem.text, subject);
  }

  void check_name(const std::string& name, const std::string& subject) {
    if (name.empty()) {
      findings_.add(rules::kToolNameMissing, "tools whose name is missing or empty");
      return;
    }
    if (!names_.insert(name).second) findings_.add(rules::kToolNameTwice, "tools of the same name", subject);
    if (name.size() > kLongestName) {
      findings_.add(rules::kToolNameForm, "tool names of more than 128 characters", subject);
    } else if (name.size() > kHostsName) {
      findings_.add(rules::kToolNameLong, "tool names of more than 64 characters", subject);
    }
    if (!std::ranges::all_of(name, is_name_character)) {
      findings_.add(rules::kToolNameForm, "tool names with other characters", subject);
    }
  }

  void check_tasks(std::string_view tool, const std::string& subject) {
    const std::string support = string_member(member(tool, "execution"), "taskSupport");
    const bool known = inspection_.revision >= ProtocolVersion::v2025_11_25;
    if (!known || support.empty() || support == "forbidden") return;
    const std::string_view requests = member(member(inspection_.capabilities, "tasks"), "requests");
    if (member(member(requests, "tools"), "call").empty()) {
      findings_.add(rules::kTaskSupport, "tools that may be called as tasks, without the capability", subject);
    } else if (support == "required") {
      findings_.add(rules::kTaskRequired, "tools that must be called as tasks", subject);
    }
  }

  void check_named(const OfferList& list, const std::string& array, const std::string& key) {
    const std::string nameless = array + " without a name", homeless = array + " without a " + key;
    for (const std::string& item : list.items) {
      const std::string name = string_member(item, "name");
      const std::string identity = key.empty() ? name : string_member(item, key);
      const std::string subject = shown(identity.empty() ? name : identity);
      if (name.empty()) findings_.add(rules::kItemMembers, nameless, subject.empty() ? "(no name)" : subject);
      if (identity.empty() && !key.empty()) findings_.add(rules::kItemMembers, homeless, subject);
      check_members(list.method, array, item, subject);
    }
  }

  /// Members that adaptation takes out are those of later revisions.
  void check_members(std::string_view method, const std::string& array, const std::string& item, const std::string& subject) {
    const ProtocolVersion revision = inspection_.revision;
    if (revision == mcp::kLatestVersion) return;
    mcp::Message list = mcp::Message::result("1", "{\"" + array + "\":[" + item + "]}");
    mcp::adapt_result(method, list, {.to = revision});
    const auto left = mcp::elements(member(list.raw(list.envelope().result), array));
    const auto kept = keys_of(left.empty() ? std::string_view() : left.front());
    const std::string with = array + " with ";
    for (const std::string& key : keys_of(item)) {
      if (!kept.contains(key)) findings_.add(rules::kNewerMembers, with + mcp::json_string(key), subject);
    }
  }

  Inspection& inspection_;
  Findings& findings_;
  std::unordered_set<std::string> names_;
};

}  // namespace

void check_items(Inspection& inspection) {
  ItemChecker(inspection).check();
}

}  // namespace gateway
