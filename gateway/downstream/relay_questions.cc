#include "gateway/downstream/relay_questions.h"

namespace gateway {

using mcp::Message;
using mcp::MessageKind;

bool RelayQuestions::pass(const Message& message, const std::shared_ptr<mcp::Transport>& from) {
  if (message.kind() == MessageKind::request) {
    if (open_.size() >= kMaxOpen) return false;
    open_[std::string(message.id())] = from;
  } else if (message.method() == "notifications/cancelled") {
    const auto found = open_.find(std::string(message.raw(message.envelope().request_id)));
    if (found != open_.end() && found->second == from) open_.erase(found);
  }
  return true;
}

std::shared_ptr<mcp::Transport> RelayQuestions::answered(const Message& answer) {
  const auto node = open_.extract(std::string(answer.id()));
  return node ? node.mapped() : nullptr;
}

std::vector<std::string> RelayQuestions::drop(const mcp::Transport& from) {
  std::vector<std::string> ids;
  std::erase_if(open_, [&](const auto& entry) {
    const bool of_it = entry.second.get() == &from;
    if (of_it) ids.push_back(entry.first);
    return of_it;
  });
  return ids;
}

}  // namespace gateway
