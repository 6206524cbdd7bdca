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
  session_.open_answers.push_back(this);
}

PostReply::~PostReply() {
  std::erase(session_.open_answers, this);
  if (!stream_) return;
  stream_->detach(exchange_);
  stream_->finish();
}

bool PostReply::send(const Message& message) {
  if (!accepted_.stream) {
    // Questions, and that they are taken back: the client needs to know.
    const bool question = message.kind() == MessageKind::request || message.method() == "notifications/cancelled";
    if (question) session_.streams.push(message);
    return true;
  }
  begin();
  return stream_->send(message) != StreamWrite::unread;
}

void PostReply::keep_alive(Clock::time_point now) {
  if (!accepted_.stream || (!stream_ && now < silent_until_)) return;
  begin();
  stream_->keep_alive();
}

bool PostReply::finish(const std::optional<Message>& answer) {
  if (answer && answer->is_error()) headers_ = {};  // an initialize that is refused opens no session
  if (!stream_ && answer && accepted_.json) {
    exchange_.respond(200, "application/json", answer->text(), headers_);
    return true;
  }
  if (!stream_ && !accepted_.stream) {
    exchange_.respond(202, {}, {}, headers_);
    return true;
  }
  begin();
  if (answer) stream_->send(*answer);
  stream_->detach(exchange_);
  stream_->finish();
  return false;
}

void PostReply::begin() {
  if (stream_) return;
  stream_ = session_.streams.open();
  exchange_.begin_stream(headers_);
  exchange_.on_stream_end([this] {
    // Where only the server wants its streams to end, the client is still there for the answer.
    if (exchange_.write({}) == StreamWrite::gone) stream_->detach(exchange_);
  });
  stream_->attach(exchange_, nullptr);
  if (session_.knows_priming()) stream_->prime();
}

}  // namespace mcp
