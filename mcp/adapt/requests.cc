#include <string>
#include <utility>

#include "mcp/adapt/adapt.h"
#include "mcp/adapt/adapter.h"
#include "mcp/adapt/content.h"
#include "mcp/adapt/message_params.h"

namespace mcp {
namespace {

using enum ProtocolVersion;

constexpr MemberRule kMeta = {.name = "_meta", .adapt = adapt_message_meta};

void adapt_reference(Adapter& adapter, std::string_view reference) {
  static constexpr MemberRule kRules[] = {{.name = "title", .since = v2025_06_18}};
  adapter.object(reference, kRules);
}

Shape rules_of(std::string_view method) {
  static constexpr MemberRule kComplete[] = {
      kMeta, {.name = "ref", .adapt = adapt_reference, .newest = v2025_06_18}, {.name = "context", .since = v2025_06_18}};
  static constexpr MemberRule kCall[] = {kMeta, {.name = "task", .since = v2025_11_25}};
  static constexpr MemberRule kAny[] = {kMeta};
  if (method == "completion/complete") return kComplete;
  if (method == "tools/call") return kCall;
  return kAny;
}

}  // namespace

Result<> downgrade::request(Message& request, ProtocolVersion to) {
  if (request.method().starts_with("tasks/") && to < v2025_11_25) return fail_unknown_method(request, to);
  const std::string_view params = request.raw(request.envelope().params);
  Adapter adapter(params, to);
  adapter.object(params, rules_of(request.method()));
  return replace_params(request, adapter);
}

bool downgrade::notification(Message& notification, ProtocolVersion to) {
  const std::string_view method = notification.method();
  const bool has_tasks = to >= v2025_11_25;
  if (!has_tasks && (method == "notifications/tasks/status" || method == "notifications/elicitation/complete")) return false;
  // Only of a task may it be left out, and those older sides do not know.
  if (!has_tasks && method == "notifications/cancelled" && !notification.envelope().request_id.present()) return false;
  static constexpr MemberRule kProgress[] = {kMeta, {.name = "message", .since = v2025_03_26}};
  static constexpr MemberRule kAny[] = {kMeta};
  const std::string_view params = notification.raw(notification.envelope().params);
  Adapter adapter(params, to);
  adapter.object(params, method == "notifications/progress" ? Shape(kProgress) : Shape(kAny));
  return replace_params(notification, adapter).has_value();
}

}  // namespace mcp
