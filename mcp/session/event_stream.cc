#include "mcp/session/event_stream.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/random.h"
#include "mcp/rpc/error_codes.h"

namespace mcp {

namespace {

constexpr std::uint64_t kListening = 0;  // the number of the GETs' stream
constexpr std::size_t kTagBytes = 4;
constexpr std::size_t kPruneFrom = 16;

std::string sse_event(std::string_view id, std::string_view message) {
  static constexpr std::string_view kId = "id: ", kData = "\nevent: message\ndata: ";
  std::string event;
  event.reserve(kId.size() + id.size() + kData.size() + message.size() + 2);
  event.append(kId).append(id).append(kData).append(message).append("\n\n");
  return event;
}

/// What is kept in place of an answer that is too large to be kept.
Message too_large_to_keep(const Message& answer) {
  return error_response(answer.id(),
                        {ErrorCode::too_large,
                         "the connection broke, and the answer is too large to be kept for another (" +
                             std::to_string(answer.text().size()) + " bytes)",
                         "Ask for less at once, or send the request again where that does no harm."});
}

/// The number before the next '-', which is taken off too.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return number;
  if (text.front() != '-' || text.size() == 1) return std::nullopt;
  text.remove_prefix(1);
  return number;
}

}  // namespace

void EventStream::attach(HttpExchange& exchange, Event* end) {
  if (connection_ != &exchange) end_connection();
  connection_ = &exchange;
  end_ = end;
}

void EventStream::detach(const HttpExchange& exchange) {
  if (connection_ != &exchange) return;
  connection_ = nullptr;
  end_ = nullptr;
}

void EventStream::prime() {
  if (connection_ == nullptr) return;
  // The fourth part keeps it apart from the event it stands behind, and from other connections' priming.
  const std::string id = session_.event_id(number_, sent_) + "-" + std::to_string(++primed_);
  const auto retry = session_.buffer_.limits().retry.count();
  connection_->write("id: " + id + "\nretry: " + std::to_string(retry) + "\ndata: \n\n");
}

void EventStream::replay(std::uint64_t after) {
  session_.buffer_.replay(number_, after, [this](const ReplayBuffer::Event& event) {
    if (connection_ == nullptr || connection_->write(event.text) != StreamWrite::queued) return false;
    sent_ = std::max(sent_, event.number);
    return true;
  });
}

StreamWrite EventStream::send(const Message& message) {
  ReplayBuffer::Event kept;
  kept.stream = number_;
  kept.number = ++last_;
  kept.notification = message.kind() == MessageKind::notification;
  if (message.kind() == MessageKind::request) kept.question = message.id();
  kept.text = sse_event(session_.event_id(number_, last_), message.text());
  StreamWrite written = StreamWrite::gone;
  if (connection_ != nullptr) {
    written = connection_->write(kept.text);
    if (written == StreamWrite::queued) {
      sent_ = last_;
    } else {
      connection_ = nullptr;
      end_ = nullptr;  // it ends without being told
    }
  }
  if (session_.closed_) return written;
  if (session_.buffer_.exceeds(kept)) {
    if (written != StreamWrite::queued) session_.lose_question(kept.question);
    if (message.kind() != MessageKind::response) return written;
    kept.text = sse_event(session_.event_id(number_, last_), too_large_to_keep(message).text());
  }
  kept.at = Clock::now();
  session_.buffer_.keep(std::move(kept));
  return written;
}

void EventStream::keep_alive() {
  if (connection_ != nullptr) connection_->write(std::string(kSseKeepAlive));
}

void EventStream::finish() {
  finished_ = true;
  end_connection();
}

void EventStream::end_connection() {
  if (end_ != nullptr) end_->set();
}

SessionStreams::SessionStreams(std::shared_ptr<ReplayPool> pool)
    : tag_(random_hex(kTagBytes)), buffer_(std::move(pool), [this](const ReplayBuffer::Event& event) { dropped(event); }) {}

std::shared_ptr<EventStream> SessionStreams::open() {
  if (posts_.size() >= prune_at_) prune();
  return posts_.emplace_back(std::make_shared<EventStream>(*this, next_++));
}

const std::shared_ptr<EventStream>& SessionStreams::listening() {
  if (!listening_) listening_ = std::make_shared<EventStream>(*this, kListening);
  return listening_;
}

SessionStreams::Position SessionStreams::find(std::string_view last_event_id) {
  Position position;
  if (!last_event_id.starts_with(tag_) || !last_event_id.substr(tag_.size()).starts_with('-')) return position;
  std::string_view rest = last_event_id.substr(tag_.size() + 1);
  const auto number = take_number(rest);
  const auto event = take_number(rest);
  const bool whole = rest.empty() || (take_number(rest) && rest.empty());
  if (!number || !event || !whole || *number >= next_) return position;
  const auto found = std::ranges::find(posts_, *number, [](const auto& stream) { return stream->number(); });
  if (*number != kListening && found == posts_.end()) return {Found::over, nullptr, 0};
  auto stream = *number == kListening ? listening() : *found;
  if (*event > stream->last()) return position;
  if (stream->finished() && !buffer_.has(*number, *event)) return {Found::over, nullptr, 0};
  buffer_.forget(*number, *event);
  return {Found::here, std::move(stream), *event};
}

void SessionStreams::sweep(ReplayBuffer::TimePoint now) {
  if (listening_) listening_->keep_alive();
  if (buffer_.size() > 0) buffer_.expire(now, [this](const ReplayBuffer::Event& event) { return age_of(event); });
  if (!posts_.empty()) prune();
}

/// What a connected client was sent it has; of one that is away nobody knows, and from here on it cannot learn of it.
void SessionStreams::dropped(const ReplayBuffer::Event& event) const {
  if (event.question.empty()) return;
  const auto found = std::ranges::find(posts_, event.stream, [](const auto& stream) { return stream->number(); });
  const auto& stream = event.stream == kListening || found == posts_.end() ? listening_ : *found;
  if (!stream || !stream->attached()) lose_question(event.question);
}

void SessionStreams::lose_question(std::string_view id) const {
  if (!id.empty() && on_question_lost_) on_question_lost_(id);
}

/// How long an event is kept: as long as it takes its client to notice that it missed it.
ReplayLimits::Duration SessionStreams::age_of(const ReplayBuffer::Event& event) const {
  const ReplayLimits& limits = buffer_.limits();
  if (event.stream == kListening) {
    if (event.number > listening_->sent()) return ReplayLimits::Duration::max();  // for a client that is not there yet
    return listening_->attached() ? limits.sent_age : limits.age;
  }
  const auto found = std::ranges::find(posts_, event.stream, [](const auto& stream) { return stream->number(); });
  const bool had_all = found == posts_.end() || ((*found)->finished() && (*found)->sent() == (*found)->last());
  return had_all ? limits.sent_age : limits.age;
}

void SessionStreams::end_listening() {
  if (listening_) listening_->end_connection();
}

void SessionStreams::close() {
  closed_ = true;
  buffer_.clear();
  end_listening();
}

std::string SessionStreams::event_id(std::uint64_t stream, std::uint64_t event) const {
  return tag_ + "-" + std::to_string(stream) + "-" + std::to_string(event);
}

/// Forgets what has ended and has nothing more to say.
void SessionStreams::prune() {
  std::erase_if(posts_, [this](const auto& stream) { return stream->finished() && !buffer_.has(stream->number()); });
  if (posts_.empty()) std::vector<std::shared_ptr<EventStream>>().swap(posts_);
  prune_at_ = std::max(kPruneFrom, 2 * posts_.size());
}

}  // namespace mcp
