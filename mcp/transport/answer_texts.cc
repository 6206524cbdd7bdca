#include "mcp/transport/answer_texts.h"

#include <utility>

#include "mcp/base/log.h"
#include "mcp/rpc/refused_response.h"
#include "mcp/transport/streamable_answer.h"

namespace mcp {

void AnswerTexts::take(std::string text) {
  if (text.size() > connection_.max_message()) {
    outcome_ =
        fail(ErrorCode::too_large,
             "A message of " + connection_.origin() + " is larger than " + std::to_string(connection_.max_message()) + " bytes.");
    return;
  }
  const auto taken =
      for_each_message_text(std::move(text), connection_.batches(), [this](std::string&& each) { take_one(std::move(each)); });
  if (taken) return;
  drop(taken.error());
  // NOLINTNEXTLINE(bugprone-use-after-move): what is refused is given back
  for (const std::uint64_t id : refused_batch_ids(text))
    refuse(id, taken.error());
}

void AnswerTexts::take_one(std::string text) {
  auto message = Message::parse(std::move(text));
  if (!message) {
    drop(message.error());
    // NOLINTNEXTLINE(bugprone-use-after-move): what is refused is given back
    if (const auto id = refused_response_id(text)) refuse(*id, message.error());
  } else if (message->kind() != MessageKind::response) {
    connection_.deliver(std::move(*message), id_);
  } else if (!outcome_) {
    outcome_ = check_response(connection_, std::move(*message), id_text_);
  }
}

/// The answer may still come after a text that is no message, unless that was to be the answer.
void AnswerTexts::refuse(std::uint64_t answered, const Error& why) {
  if (answered != id_ || outcome_) return;
  outcome_ = fail(ErrorCode::not_mcp, connection_.origin() + " answered with what is no MCP message (" + why.message + ").");
}

void AnswerTexts::drop(const Error& why) const {
  log_debug("upstream", "text that is no message dropped", {{"server", connection_.origin()}, {"error", why.message}});
}

}  // namespace mcp
