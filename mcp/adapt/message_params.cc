#include "mcp/adapt/message_params.h"

#include <string>
#include <utility>

namespace mcp {

Result<> replace_params(Message& message, Adapter& adapter) {
  if (adapter.refusal()) return std::unexpected(*adapter.refusal());
  if (!adapter.changed()) return {};
  message.replace(&Envelope::params, adapter.text());
  // What is looked at within params has moved: it is found anew.
  auto found = Message::parse(std::move(message).take_text());
  if (!found) return std::unexpected(found.error());
  message = std::move(*found);
  return {};
}

Result<> fail_unknown_method(const Message& request, ProtocolVersion revision) {
  return fail(ErrorCode::method_not_found,
              std::string(request.method()) + " does not exist in protocol revision " + std::string(to_string(revision)) + ".");
}

}  // namespace mcp
