#include "mcp/transport/sse_stream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <functional>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/rpc/batch.h"
#include "mcp/rpc/refused_response.h"
#include "mcp/transport/event_stream.h"
#include "mcp/transport/streamable_answer.h"

namespace mcp {
namespace {

constexpr std::string_view kCheckUrl = "Check that \"url\" points to the server's event stream, which often ends in /sse.";
constexpr std::string_view kServersFault = "That is a mistake of the server's: see whether there is a newer version of it.";
constexpr std::string_view kTryAgain = "Try again in a moment. Where a call could do harm twice, check first whether it ran.";

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string seconds_text(std::chrono::steady_clock::duration time) {
  return std::to_string(std::chrono::round<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

SseStream::SseStream(std::shared_ptr<StreamableConnection> connection, std::chrono::steady_clock::duration endpoint_timeout)
    : connection_(std::move(connection)), endpoint_timeout_(endpoint_timeout), limit_(connection_->executor()) {}

void SseStream::start() {
  if (std::exchange(started_, true) || connection_->ending().requested()) return;
  connection_->set_initializing(true);
  arm_limit();
  boost::asio::co_spawn(connection_->executor(), run(shared_from_this()), boost::asio::detached);
}

void SseStream::arm_limit() {
  limit_.expires_after(endpoint_timeout_);
  limit_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->connected_) return;
    self->end({ErrorCode::timeout,
               self->connection_->origin() + " did not say within " + seconds_text(self->endpoint_timeout_) +
                   " where messages go: no event \"endpoint\" came.",
               std::string(kCheckUrl)});
  });
}

Task<void> SseStream::run(std::shared_ptr<SseStream> self) {
  const Error reason = co_await self->read();
  self->limit_.cancel();
  self->end(reason);
}

/// Opens the stream and reads it to its end; why it ended.
Task<Error> SseStream::read() {
  auto& ending = connection_->ending();
  auto response = co_await connection_->get({}, ending);
  if (!response) co_return std::move(response.error());
  const int status = (*response)->status();
  if (status >= 300) co_return co_await read_status_error(connection_, std::move(*response), ending);
  if (const auto type = (*response)->header("Content-Type"); status != 200 || !has_media_type(type, "text/event-stream")) {
    Error error{ErrorCode::not_mcp,
                connection_->origin() + " answered with " + shown_type(type) + " (HTTP " + std::to_string(status) +
                    "), not with an event stream.",
                std::string(kCheckUrl)};
    connection_->settle(std::move(*response));
    co_return error;
  }
  const std::function<bool(SseEvent&)> on_event = [this](SseEvent& event) { return take(event); };
  const auto ended = co_await read_events(**response, connection_->max_message(), on_event, stopped_, ending);
  if (!ended && ended.error().code == ErrorCode::too_large) co_return too_large();
  if (!connected_ && !ended) co_return ended.error();
  if (!connected_) {
    co_return Error{ErrorCode::not_mcp,
                    "The event stream of " + connection_->origin() + " ended before it said where messages go.",
                    std::string(kCheckUrl)};
  }
  if (!ended && ended.error().code != ErrorCode::connection_lost) co_return ended.error();
  co_return Error{ErrorCode::connection_lost,
                  "The event stream of " + connection_->origin() + (ended ? " ended." : " broke off."),
                  std::string(kTryAgain)};
}

Error SseStream::too_large() const {
  return {ErrorCode::too_large,
          "A message of " + connection_->origin() + " is larger than " + std::to_string(connection_->max_message()) + " bytes.",
          "Ask the server for less at a time."};
}

void SseStream::end(const Error& reason) {
  if (connected_) return connection_->lose(reason);
  connection_->give_up(reason);
}

bool SseStream::take(SseEvent& event) {
  if (event.event == "endpoint") {
    if (!connected_) take_endpoint(without_blanks(event.data));
  } else if (connected_ && carries_message(event)) {
    take_text(std::move(event.data));
  }
  stopped_ = connection_->ending().requested();
  return !stopped_;
}

/// A server that could send our messages elsewhere could send them, and the headers that hold its secrets, to anybody.
void SseStream::take_endpoint(std::string_view reference) {
  if (reference.empty()) return;
  const std::string& origin = connection_->origin();
  const auto endpoint = connection_->url().resolve(reference);
  if (!endpoint) {
    return end({ErrorCode::not_mcp,
                origin + " says that messages go to what is no URL: " + endpoint.error().message,
                std::string(kServersFault)});
  }
  if (endpoint->origin() != origin) {
    return end({ErrorCode::not_mcp,
                origin + " says that messages go to another origin, " + endpoint->origin() + ", which is not allowed.",
                "Reach the server under the name it has for itself, or tell it the one that is in \"url\"."});
  }
  connected_ = true;
  limit_.cancel();
  connection_->post_to(endpoint->target);
  connection_->set_initializing(false);
}

void SseStream::take_text(std::string text) {
  if (text.size() > connection_->max_message()) return end(too_large());
  const auto taken =
      for_each_message_text(std::move(text), connection_->batches(), [this](std::string&& each) { take_message(std::move(each)); });
  if (taken) return;
  // NOLINTNEXTLINE(bugprone-use-after-move): what is refused is given back
  for (const std::uint64_t id : refused_batch_ids(text))
    refuse(id, taken.error());
}

void SseStream::take_message(std::string text) {
  auto message = Message::parse(std::move(text));
  if (!message) {
    log_debug(
        "upstream", "event that is no message dropped", {{"server", connection_->origin()}, {"error", message.error().message}});
    // NOLINTNEXTLINE(bugprone-use-after-move): what is refused is given back
    if (const auto id = refused_response_id(text)) refuse(*id, message.error());
  } else if (message->kind() != MessageKind::response) {
    connection_->deliver(std::move(*message), std::nullopt);
  } else if (!pending_.complete(*message)) {
    log_debug("upstream", "a response nobody waits for", {{"server", connection_->origin()}});
  }
}

void SseStream::refuse(std::uint64_t answered, const Error& why) {
  pending_.fail(answered,
                {ErrorCode::not_mcp,
                 connection_->origin() + " answered with what is no MCP message (" + why.message + ").",
                 std::string(kServersFault)});
}

}  // namespace mcp
