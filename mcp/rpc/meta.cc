#include "mcp/rpc/meta.h"

#include <string>
#include <utility>

#include "mcp/json/text.h"

namespace mcp {

namespace {

/// The object with `"key":json` as its first member, and no other of that name.
std::string with_member(std::string_view object, std::string_view key, std::string_view json) {
  std::string text = "{\"";
  text.append(key).append("\":").append(json);
  for_each_member(object, [&](std::string_view name, std::string_view value) {
    if (!key_is(name, key)) text.append(",\"").append(name).append("\":").append(value);
    return true;
  });
  text += '}';
  return text;
}

}  // namespace

Message with_meta(Message message, std::string_view key, std::string_view json) {
  const std::string_view meta = message.raw(message.envelope().meta);
  const std::string next = with_member(meta, key, json);
  const std::string_view params = message.raw(message.envelope().params);
  const std::string method(message.method());
  const std::string all = with_member(params, "_meta", next);
  if (message.kind() != MessageKind::request) return Message::notification(method, all);
  return Message::request(message.id(), method, all);
}

Result<> check_progress_token(const Message& request) {
  constexpr std::size_t kMaxToken = 1024;
  const std::string_view token = request.raw(request.envelope().meta_progress_token);
  if (token.empty() || (token.size() <= kMaxToken && std::string_view("\"-0123456789").contains(token.front()))) return {};
  return fail(ErrorCode::invalid_params, "params._meta.progressToken must be a string or a number of at most 1 KiB");
}

}  // namespace mcp
