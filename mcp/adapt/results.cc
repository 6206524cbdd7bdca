#include <algorithm>
#include <string>
#include <utility>

#include "mcp/adapt/adapt.h"
#include "mcp/adapt/adapter.h"
#include "mcp/adapt/content.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace mcp {
namespace {

using enum ProtocolVersion;

constexpr std::size_t kMostElicitations = 8;  // whose URLs are told

constexpr MemberRule kTitle = {.name = "title", .since = v2025_06_18};
constexpr MemberRule kIcons = {.name = "icons", .since = v2025_11_25};
constexpr MemberRule kItemMeta = {.name = "_meta", .since = v2025_06_18};
constexpr MemberRule kMeta = {.name = "_meta", .adapt = adapt_message_meta};

template <AdaptValue adapt_element>
void adapt_each(Adapter& adapter, std::string_view array) {
  adapter.array(array, adapt_element);
}

/// A tool's title as a member of its annotations, the place that 2025-03-26 has for it; "" where nothing is to be moved.
std::string moved_title(std::string_view tool, ProtocolVersion to) {
  const std::string_view title = member(tool, "title"), annotations = member(tool, "annotations");
  const bool has_place = annotations.empty() || (annotations.starts_with('{') && member(annotations, "title").empty());
  return to == v2025_03_26 && has_place && !title.empty() ? R"("title":)" + std::string(title) : "";
}

void adapt_tool(Adapter& adapter, std::string_view tool) {
  static constexpr MemberRule kRules[] = {kTitle,
                                          kIcons,
                                          kItemMeta,
                                          {.name = "annotations", .since = v2025_03_26},
                                          {.name = "outputSchema", .since = v2025_06_18},
                                          {.name = "execution", .since = v2025_11_25}};
  std::string moved = moved_title(tool, adapter.to());
  const std::string_view annotations = member(tool, "annotations");
  if (!moved.empty() && !annotations.empty()) adapter.insert_first(annotations, std::exchange(moved, ""));
  adapter.members(tool, [&](std::string_view key, std::string_view value, std::string_view written) {
    if (key != "title" || moved.empty()) return adapter.adapt_member(kRules, key, value);
    adapter.replace(written, R"("annotations":{)" + std::exchange(moved, "") + "}");
    return true;
  });
}

void adapt_prompt_argument(Adapter& adapter, std::string_view argument) {
  static constexpr MemberRule kRules[] = {kTitle};
  adapter.object(argument, kRules);
}

void adapt_prompt(Adapter& adapter, std::string_view prompt) {
  static constexpr MemberRule kRules[] = {
      kTitle, kIcons, kItemMeta, {.name = "arguments", .adapt = adapt_each<adapt_prompt_argument>}};
  adapter.object(prompt, kRules);
}

void adapt_prompt_message(Adapter& adapter, std::string_view message) {
  static constexpr MemberRule kRules[] = {{.name = "content", .adapt = adapt_block}};
  adapter.object(message, kRules);
}

void adapt_capabilities_of_server(Adapter& adapter, std::string_view capabilities) {
  static constexpr MemberRule kRules[] = {{.name = "completions", .since = v2025_03_26}, {.name = "tasks", .since = v2025_11_25}};
  adapter.object(capabilities, kRules);
}

/// Whether a name stands there that 2025-11-25 brought into results, as a member or within a text. Most results have none, and to
/// find that out costs a fraction of taking them apart. (In the result of initialize it brought others.) Behind the last of these
/// some servers escape the slash.
bool mentions_newest(std::string_view result) {
  static constexpr std::string_view kNames[] = {R"("icons")", R"("task")", R"("execution")", R"("io.modelcontextprotocol)"};
  if (result.contains(R"(\u00)")) return true;  // the escape of a letter such a name may have
  for (auto quote = result.find('"'); quote != std::string_view::npos; quote = result.find('"', quote + 1)) {
    const std::string_view rest = result.substr(quote);
    const char initial = rest.size() > 1 ? rest[1] : '"';
    if (initial != 'i' && initial != 't' && initial != 'e') continue;
    if (std::ranges::any_of(kNames, [rest](std::string_view name) { return rest.starts_with(name); })) return true;
  }
  return false;
}

bool is_text(std::string_view block) {
  return string_member(block, "type") == "text";
}

constexpr MemberRule kOfCall[] = {
    kMeta, {.name = "content", .adapt = adapt_each<adapt_block>}, {.name = "structuredContent", .since = v2025_06_18}};

/// Before 2025-06-18 a tool's result is its content: what is structured is said there, where the server has not said it itself.
void adapt_structured_result(Adapter& adapter, std::string_view result) {
  const std::string_view content = member(result, "content"), structured = member(result, "structuredContent");
  const bool untold = !structured.empty() && std::ranges::none_of(elements(content), is_text);
  if (untold && content.starts_with('[')) adapter.append_element(content, text_block(structured));
  bool missing = untold && content.empty();
  adapter.members(result, [&](std::string_view key, std::string_view value, std::string_view written) {
    if (key != "structuredContent" || !missing) return adapter.adapt_member(kOfCall, key, value);
    adapter.replace(written, R"("content":[)" + text_block(structured) + "]");
    missing = false;
    return true;
  });
}

/// The members of a method's result that are looked into.
Shape rules_of(std::string_view method) {
  static constexpr MemberRule kInitialize[] = {kMeta,
                                               {.name = "capabilities", .adapt = adapt_capabilities_of_server},
                                               {.name = "serverInfo", .adapt = adapt_implementation}};
  static constexpr MemberRule kTools[] = {kMeta, {.name = "tools", .adapt = adapt_each<adapt_tool>}};
  static constexpr MemberRule kPrompts[] = {kMeta, {.name = "prompts", .adapt = adapt_each<adapt_prompt>}};
  static constexpr MemberRule kPrompt[] = {kMeta, {.name = "messages", .adapt = adapt_each<adapt_prompt_message>}};
  static constexpr MemberRule kResources[] = {kMeta, {.name = "resources", .adapt = adapt_each<adapt_resource>}};
  static constexpr MemberRule kTemplates[] = {kMeta, {.name = "resourceTemplates", .adapt = adapt_each<adapt_resource_template>}};
  static constexpr MemberRule kContents[] = {kMeta, {.name = "contents", .adapt = adapt_each<adapt_contents>}};
  static constexpr MemberRule kAny[] = {kMeta};
  if (method == "tools/list") return kTools;
  if (method == "prompts/list") return kPrompts;
  if (method == "prompts/get") return kPrompt;
  if (method == "resources/list") return kResources;
  if (method == "resources/templates/list") return kTemplates;
  if (method == "resources/read") return kContents;
  if (method == "initialize") return kInitialize;
  return kAny;
}

// ---- answers that an older client cannot take at all

Message tool_failure(std::string_view id, std::string_view text) {
  return Message::result(id, R"({"content":[)" + text_block(text) + R"(],"isError":true})");
}

void fail_call(std::string_view method, Message& response, const std::string& text) {
  const std::string id(response.id());
  response = method == "tools/call" ? tool_failure(id, text) : Message::error(id, kInternalError, text);
}

/// The server's message, and each page to visit: who reads it can still go there and try again.
std::string tell_elicitations(std::string_view error) {
  std::string text = string_member(error, "message");
  const auto elicitations = elements(member(member(error, "data"), "elicitations"));
  for (std::size_t i = 0; i < std::min(elicitations.size(), kMostElicitations); ++i) {
    text += "\n";
    if (const std::string message = string_member(elicitations[i], "message"); !message.empty()) text.append(message).append(" ");
    text += string_member(elicitations[i], "url");
  }
  return text;
}

/// Adapts a tool's result; false where it is a task, which the client does not know. One pass where the client knows structured
/// content: results may be long.
bool adapt_call_result(Adapter& adapter, std::string_view result) {
  bool has_content = false;
  std::string_view task;
  adapter.members(result, [&](std::string_view key, std::string_view value, std::string_view) {
    has_content |= key == "content";
    if (key == "task") task = value;
    return adapter.to() < v2025_06_18 || adapter.adapt_member(kOfCall, key, value);
  });
  if (!has_content && !member(task, "taskId").empty()) return false;
  if (adapter.to() < v2025_06_18) adapt_structured_result(adapter, result);
  return true;
}

}  // namespace

void downgrade::result(std::string_view method, Message& response, ProtocolVersion to) {
  if (response.is_error()) {
    const std::string_view error = response.raw(response.envelope().error);
    const bool wants_visit = to < v2025_11_25 && member(error, "code") == std::to_string(kUrlElicitationRequired);
    if (wants_visit) fail_call(method, response, tell_elicitations(error));
    return;
  }
  const std::string_view result = response.raw(response.envelope().result);
  if (to >= v2025_06_18 && method != "initialize" && !mentions_newest(result)) return;
  Adapter adapter(result, to);
  if (method != "tools/call") {
    adapter.object(result, rules_of(method));
  } else if (!adapt_call_result(adapter, result)) {
    return fail_call(method,
                     response,
                     "The server answered with a task. The client's protocol revision (" + std::string(to_string(to)) +
                         ") has no tasks, so the result cannot be fetched.");
  }
  if (adapter.changed()) response.replace(&Envelope::result, adapter.text());
}

}  // namespace mcp
