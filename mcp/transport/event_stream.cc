#include "mcp/transport/event_stream.h"

namespace mcp {
namespace {

constexpr std::size_t kEventOverhead = 4096;  // names and ids besides the message

}  // namespace

Task<Result<>> read_events(HttpClientResponse& response,
                           std::size_t max_message,
                           const std::function<bool(SseEvent&)>& on_event,
                           const bool& stopped,
                           Cancellation& cancellation) {
  SseReader reader(max_message + kEventOverhead);
  for (;;) {
    const auto piece = co_await response.read_some(cancellation);
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return Result<>();
    auto fed = reader.feed(*piece, on_event);
    if (!fed || stopped) co_return fed;
  }
}

bool carries_message(const SseEvent& event) {
  return (event.event.empty() || event.event == "message") && !event.data.empty();
}

}  // namespace mcp
