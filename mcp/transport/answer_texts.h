#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/transport/streamable_connection.h"

namespace mcp {

/// Takes the texts that come in answer to one request, alone or as batches (MCP 2025-03-26, where that was negotiated; each element
/// then counts as if it had come alone): finds the response among them and delivers the other messages. What is no message is
/// logged, unless it was to be the response. `connection` must stay valid. Loop thread only.
class AnswerTexts {
 public:
  AnswerTexts(StreamableConnection& connection, std::uint64_t id)
      : connection_(connection), id_(id), id_text_(std::to_string(id)) {}

  void take(std::string text);

  /// The response, or why there is none to come; nothing while it is still to come. The first one counts.
  const std::optional<Result<Message>>& outcome() const { return outcome_; }

  std::optional<Result<Message>> take_outcome() { return std::move(outcome_); }

 private:
  void take_one(std::string text);
  void refuse(std::uint64_t answered, const Error& why);
  void drop(const Error& why) const;

  StreamableConnection& connection_;
  const std::uint64_t id_;
  const std::string id_text_;
  std::optional<Result<Message>> outcome_;
};

}  // namespace mcp
