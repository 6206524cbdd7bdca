#include "gateway/routing/question_text.h"

#include <string>

#include "mcp/json/text.h"

namespace gateway {

using mcp::Message;

Message with_asker(Message question) {
  if (question.method() != "elicitation/create") return question;
  const std::string_view params = question.raw(question.envelope().params);
  const std::string_view server = mcp::member(question.raw(question.envelope().meta), "switchyard/server");
  const std::string_view message = mcp::member(params, "message");
  if (!server.starts_with('"') || !message.starts_with('"')) return question;
  const auto at = static_cast<std::size_t>(message.data() - params.data());
  std::string text(params.substr(0, at));
  mcp::append_json_string(text, "[" + mcp::decode_json_string(server) + "] " + mcp::decode_json_string(message));
  text += params.substr(at + message.size());
  return Message::request(question.id(), question.method(), text);
}

}  // namespace gateway
