#include "mcp/session/post_reply.h"

#include <utility>
#include <vector>

namespace mcp {

PostReply::PostReply(HttpExchange& exchange,
                     HttpSession& session,
                     AcceptedTypes accepted,
                     HttpHeaders headers,
                     Clock::time_point now,
                     Clock::duration patience)
    : exchange_(exchange), session_(session), headers_(headers), accepted_(accepted), silent_until_(now + patience) {
  session_.open_streams.push_back(this);
}

PostReply::~PostReply() {
  std::erase(session_.open_streams, this);
}

bool PostReply::notify(const Message& notification) {
  if (!accepted_.stream) return true;
  begin();
  return gone_ || exchange_.write(sse_event(notification.text())) != StreamWrite::unread;
}

void PostReply::keep_alive(Clock::time_point now) {
  if (!accepted_.stream || gone_ || (!streaming_ && now < silent_until_)) return;
  begin();
  exchange_.write(std::string(kSseKeepAlive));
}

bool PostReply::finish(const std::optional<Message>& answer) {
  if (answer && answer->is_error()) headers_ = {};  // an initialize that is refused opens no session
  if (!streaming_ && answer && accepted_.json) {
    exchange_.respond(200, "application/json", answer->text(), headers_);
    return true;
  }
  if (!streaming_ && !accepted_.stream) {
    exchange_.respond(202, {}, {}, headers_);
    return true;
  }
  begin();
  if (answer) exchange_.write(sse_event(answer->text()));
  return false;
}

void PostReply::begin() {
  if (std::exchange(streaming_, true)) return;
  exchange_.begin_stream(headers_);
  exchange_.on_stream_end([this] { gone_ = true; });
}

}  // namespace mcp
