#include <string>

#include "mcp/adapt/adapt.h"
#include "mcp/adapt/adapter.h"
#include "mcp/adapt/content.h"
#include "mcp/adapt/elicitation.h"
#include "mcp/adapt/message_params.h"
#include "mcp/adapt/sampling.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace mcp {
namespace {

using enum ProtocolVersion;

constexpr MemberRule kMeta = {.name = "_meta", .adapt = adapt_message_meta};

void adapt_root(Adapter& adapter, std::string_view root) {
  static constexpr MemberRule kRules[] = {{.name = "_meta", .since = v2025_06_18}};
  adapter.object(root, kRules);
}

void adapt_roots(Adapter& adapter, std::string_view roots) {
  adapter.array(roots, adapt_root);
}

bool is_task(std::string_view result) {
  return !member(member(result, "task"), "taskId").empty() && member(result, "action").empty() && member(result, "content").empty();
}

}  // namespace

Result<> downgrade::server_request(Message& request, ProtocolVersion to) {
  const std::string_view method = request.method();
  if (method == "sampling/createMessage") return adapt_sampling_request(request, to);
  if (method == "elicitation/create") return adapt_elicitation_request(request, to);
  if (method.starts_with("tasks/")) return fail_unknown_method(request, to);
  static constexpr MemberRule kRules[] = {kMeta};
  const std::string_view params = request.raw(request.envelope().params);
  Adapter adapter(params, to);
  adapter.object(params, kRules);
  return replace_params(request, adapter);
}

void downgrade::client_result(std::string_view method, Message& response, ProtocolVersion to) {
  if (response.is_error()) return;
  const std::string_view result = response.raw(response.envelope().result);
  if (is_task(result)) {
    response =
        Message::error(std::string(response.id()), kInternalError, "The client answered with a task, which was not asked for.");
  } else if (method == "sampling/createMessage") {
    adapt_sampling_result(response, to);
  } else {
    static constexpr MemberRule kRoots[] = {kMeta, {.name = "roots", .adapt = adapt_roots}};
    static constexpr MemberRule kAny[] = {kMeta};
    Adapter adapter(result, to);
    adapter.object(result, method == "roots/list" ? Shape(kRoots) : Shape(kAny));
    if (adapter.changed()) response.replace(&Envelope::result, adapter.text());
  }
}

}  // namespace mcp
