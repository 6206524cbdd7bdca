#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "mcp/rpc/message.h"
#include "mcp/transport/transport.h"

namespace gateway {

/// What gateways have asked the client of a relay (sampling, elicitation, roots), and over which connection each question came: a
/// gateway that was lost may still wait for an answer, and the one that runs now must not get it. Loop thread only.
class RelayQuestions {
 public:
  /// A gateway's message on its way to the client. False for a question that is one too many, which is not to be passed on.
  bool pass(const mcp::Message& message, const std::shared_ptr<mcp::Transport>& from);

  /// Where the client's answer goes; null where nobody waits for it (any more).
  std::shared_ptr<mcp::Transport> answered(const mcp::Message& answer);

  /// The connection has ended: the ids, JSON text, of what was asked over it and not answered.
  std::vector<std::string> drop(const mcp::Transport& from);

  std::size_t size() const { return open_.size(); }

 private:
  static constexpr std::size_t kMaxOpen = 1000;

  std::unordered_map<std::string, std::shared_ptr<mcp::Transport>> open_;  // by the question's id, JSON text
};

}  // namespace gateway
