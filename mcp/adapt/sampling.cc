#include "mcp/adapt/sampling.h"

#include <string>
#include <vector>

#include "mcp/adapt/adapter.h"
#include "mcp/adapt/content.h"
#include "mcp/adapt/message_params.h"
#include "mcp/json/text.h"

namespace mcp {
namespace {

using enum ProtocolVersion;

constexpr MemberRule kMeta = {.name = "_meta", .adapt = adapt_message_meta};

void refuse_tools(Adapter& adapter, std::string_view) {
  adapter.refuse(ErrorCode::invalid_params,
                 "The client's protocol revision (" + std::string(to_string(adapter.to())) + ") has no tools in sampling.");
}

/// A request is not shortened behind the server's back: what the model would not get, the server is told.
void adapt_input_block(Adapter& adapter, std::string_view block) {
  const std::string type = string_member(block, "type");
  const bool unknown = type == "tool_use" || type == "tool_result" || (type == "audio" && adapter.to() < v2025_03_26);
  if (!unknown) return adapt_block(adapter, block);
  adapter.refuse(
      ErrorCode::invalid_params,
      "The client's protocol revision (" + std::string(to_string(adapter.to())) + ") has no " + type + " content in sampling.");
}

constexpr MemberRule kMessage[] = {{.name = "content", .adapt = adapt_input_block}, {.name = "_meta", .since = v2025_11_25}};

/// `message` with `block` as its content.
std::string with_content(std::string_view message, std::string_view content, std::string_view block) {
  TextEdits edits(message);
  edits.replace(content, std::string(block));
  return edits.apply();
}

/// A further message of the same role. No more of it is said again: what is repeated for every block has to be short.
std::string further_message(std::string_view role, std::string_view block) {
  return R"({"role":)" + std::string(role) + R"(,"content":)" + std::string(block) + "}";
}

/// Messages of one block each, of the same role: so say older revisions what a message of several blocks says.
void adapt_message(Adapter& adapter, std::string_view message) {
  const std::string_view content = member(message, "content");
  if (!content.starts_with('[')) return adapter.object(message, kMessage);
  const std::string_view role = member(message, "role");
  if (role != R"("user")" && role != R"("assistant")") {
    return adapter.refuse(ErrorCode::invalid_params, "A sampling message's role must be \"user\" or \"assistant\".");
  }
  std::vector<std::string_view> blocks = elements(content);
  const std::string nothing = text_block("");
  if (blocks.empty()) blocks.push_back(nothing);
  std::string messages;
  for (const std::string_view block : blocks) {
    const std::string single = messages.empty() ? with_content(message, content, block) : further_message(role, block);
    Adapter inner(single, adapter.to());
    inner.object(single, kMessage);
    if (inner.refusal()) return adapter.refuse(inner.refusal()->code, inner.refusal()->message);
    messages.append(messages.empty() ? "" : ",").append(inner.text());
  }
  adapter.replace(message, std::move(messages));
}

void adapt_messages(Adapter& adapter, std::string_view messages) {
  adapter.array(messages, adapt_message);
}

/// One block that says what several do: texts one below the other, the rest as notes.
std::string join_blocks(const std::vector<std::string_view>& blocks) {
  std::string text;
  for (const std::string_view block : blocks) {
    if (!text.empty()) text += '\n';
    text += string_member(block, "type") == "text" ? string_member(block, "text") : block_note(block);
  }
  return text_block(text);
}

void adapt_output(Adapter& adapter, std::string_view content) {
  if (!content.starts_with('[')) return adapt_block(adapter, content);
  const std::vector<std::string_view> blocks = elements(content);
  const std::string single = blocks.size() == 1 ? std::string(blocks.front()) : join_blocks(blocks);
  Adapter inner(single, adapter.to());
  adapt_block(inner, single);
  adapter.replace(content, inner.text());
}

}  // namespace

Result<> adapt_sampling_request(Message& request, ProtocolVersion to) {
  static constexpr MemberRule kRules[] = {kMeta,
                                          {.name = "messages", .adapt = adapt_messages},
                                          {.name = "tools", .adapt = refuse_tools},
                                          {.name = "toolChoice", .adapt = refuse_tools},
                                          {.name = "task", .since = v2025_11_25}};
  const std::string_view params = request.raw(request.envelope().params);
  Adapter adapter(params, to);
  adapter.object(params, kRules);
  return replace_params(request, adapter);
}

void adapt_sampling_result(Message& response, ProtocolVersion to) {
  static constexpr MemberRule kRules[] = {kMeta, {.name = "content", .adapt = adapt_output}};
  const std::string_view result = response.raw(response.envelope().result);
  Adapter adapter(result, to);
  adapter.object(result, kRules);
  if (adapter.changed()) response.replace(&Envelope::result, adapter.text());
}

}  // namespace mcp
