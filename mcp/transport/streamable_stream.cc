#include "mcp/transport/streamable_stream.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/base/login_reason.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/transport/answer_texts.h"
#include "mcp/transport/event_stream.h"
#include "mcp/transport/streamable_answer.h"

namespace mcp {
namespace {

using Connection = StreamableConnection;

constexpr std::size_t kMaxEventId = 1024;
constexpr int kMaxFruitless = 5;  // resumptions in a row that brought no event
constexpr auto kFirstDelay = std::chrono::milliseconds(1000);
constexpr auto kLeastDelay = std::chrono::milliseconds(100);
constexpr auto kMostDelay = std::chrono::milliseconds(30'000);   // of our own choice
constexpr auto kMostRetry = std::chrono::milliseconds(300'000);  // what a server can make of it

/// An id that can go into a header.
bool usable_id(std::string_view id) {
  return id.size() <= kMaxEventId && std::ranges::none_of(id, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

/// What is remembered from event to event and from stream to stream.
struct Position {
  std::string last_id;
  std::optional<int> retry_ms;
  bool advanced = false;  // an event came since this was cleared

  void note(const SseEvent& event) {
    advanced = true;
    if (event.retry_ms) retry_ms = event.retry_ms;
    // A stream that was opened again begins without an id: the position stays until it gives one.
    if (!event.id.empty()) last_id = usable_id(event.id) ? event.id : std::string_view();
  }
};

/// The stream that answers one request.
struct AnswerStream {
  Connection& connection;
  AnswerTexts texts;
  Position position;
  bool stopped = false;

  bool take(SseEvent& event) {
    position.note(event);
    if (carries_message(event)) texts.take(std::move(event.data));
    stopped = texts.outcome().has_value() || connection.ending().requested();
    return !stopped;
  }
};

/// True where another try may help.
bool is_passing(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

/// Whether the answer goes on with the stream.
bool is_stream(const HttpClientResponse& response) {
  return response.status() == 200 && has_media_type(response.header("Content-Type"), "text/event-stream");
}

/// Why the stream cannot be had again; nothing where another try may help.
std::optional<Error> refusal(Connection& connection, Connection::Response response, const Error& broken) {
  const bool passing = is_passing(response->status());
  Error error = status_error(connection, *response, {});
  connection.settle(std::move(response));
  if (passing) return std::nullopt;
  if (error.code == ErrorCode::session_lost) connection.lose(error);
  return error.code == ErrorCode::http_status ? broken : error;
}

/// Opens the stream again behind the last event; the error is final.
Task<Result<Connection::Response>> resume(AnswerStream& stream, int& fruitless, Error broken, Cancellation& cancellation) {
  for (;;) {
    if (std::exchange(stream.position.advanced, false)) fruitless = 0;
    if (++fruitless > kMaxFruitless) co_return std::unexpected(std::move(broken));
    co_await pause(first_delay(stream.position.retry_ms), cancellation);
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    auto response = co_await stream.connection.get(stream.position.last_id, cancellation);
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    if (!response && is_login_reason(response.error().code)) co_return std::unexpected(std::move(response.error()));
    if (!response) continue;
    if (is_stream(**response)) co_return response;
    auto refused = refusal(stream.connection, std::move(*response), broken);
    if (refused) co_return std::unexpected(std::move(*refused));
  }
}

/// Why there is no response, once its stream has ended for good.
Error broken_off(const Connection& connection, const Result<>& ended, bool resumable) {
  constexpr std::string_view kUnknownOutcome = "The call may or may not have run.";
  if (ended && !resumable) {
    return {
        ErrorCode::not_mcp, "The answer of " + connection.origin() + " ended without the response.", std::string(kUnknownOutcome)};
  }
  const auto why = ended ? "The stream of " + connection.origin() + " ended without the response, and could not be resumed."
                         : ended.error().message;
  return {ErrorCode::connection_lost, why, std::string(kUnknownOutcome)};
}

/// What the standing stream brings.
struct StandingStream {
  Connection& connection;
  Position position;
  bool stopped = false;
  bool opened = false;

  bool take(SseEvent& event) {
    position.note(event);
    if (carries_message(event)) take_message(std::move(event.data));
    stopped = connection.ending().requested();
    return !stopped;
  }

  void take_message(std::string text) const {
    const auto taken =
        for_each_message_text(std::move(text), connection.batches(), [this](std::string&& each) { take_one(std::move(each)); });
    if (!taken) drop(taken.error());
  }

  void drop(const Error& why) const {
    log_debug("upstream", "event that is no message dropped", {{"server", connection.origin()}, {"error", why.message}});
  }

  void take_one(std::string text) const {
    auto message = Message::parse(std::move(text));
    if (!message) {
      drop(message.error());
    } else if (message->kind() == MessageKind::response) {
      log_debug("upstream", "response on the standing stream dropped", {{"server", connection.origin()}});
    } else {
      connection.deliver(std::move(*message), std::nullopt);
    }
  }
};

enum class Standing { go_on, none };

/// One opening of the standing stream, until it ends.
Task<Standing> stand_once(StandingStream& stream) {
  auto& connection = stream.connection;
  auto response = co_await connection.get(stream.position.last_id, connection.ending());
  if (!response) {
    log_debug("upstream", "no standing stream", {{"server", connection.origin()}, {"error", response.error().message}});
    if (stream.opened && response.error().code == ErrorCode::connect_failed) connection.miss(response.error());
    co_return Standing::go_on;
  }
  if (is_stream(**response)) {
    stream.opened = true;
    const std::function<bool(SseEvent&)> on_event = [&stream](SseEvent& event) { return stream.take(event); };
    const auto ended = co_await read_events(**response, connection.max_message(), on_event, stream.stopped, connection.ending());
    if (!ended) log_debug("upstream", "standing stream lost", {{"server", connection.origin()}, {"error", ended.error().message}});
    co_return Standing::go_on;
  }
  const int status = (*response)->status();
  const auto error = status_error(connection, **response, {});
  connection.settle(std::move(*response));
  // Servers without such a stream say 404 as well as 405; only one that had it has lost the session.
  if (error.code == ErrorCode::session_lost && stream.opened) connection.lose(error);
  if (status == 404 || status == 405) co_return Standing::none;
  log_debug("upstream", "no standing stream", {{"server", connection.origin()}, {"error", error.message}});
  co_return Standing::go_on;
}

}  // namespace

std::chrono::milliseconds first_delay(std::optional<int> retry_ms) {
  return retry_ms ? std::clamp(std::chrono::milliseconds(*retry_ms), kLeastDelay, kMostRetry) : kFirstDelay;
}

std::chrono::milliseconds next_delay(std::chrono::milliseconds last, std::optional<int> retry_ms) {
  return std::max(std::min(last * 2, kMostDelay), first_delay(retry_ms));
}

Task<Result<Message>> read_answer_stream(std::shared_ptr<StreamableConnection> connection,
                                         StreamableConnection::Response response,
                                         std::uint64_t id,
                                         Cancellation& cancellation) {
  AnswerStream stream{*connection, AnswerTexts(*connection, id), {}};
  const std::function<bool(SseEvent&)> on_event = [&stream](SseEvent& event) { return stream.take(event); };
  for (int fruitless = 0;;) {
    const auto ended = co_await read_events(*response, connection->max_message(), on_event, stream.stopped, cancellation);
    if (auto outcome = stream.texts.take_outcome()) {
      if (*outcome) connection->settle(std::move(response));
      co_return std::move(*outcome);
    }
    response.reset();
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    if (!ended && ended.error().code != ErrorCode::connection_lost) co_return std::unexpected(ended.error());
    const bool resumable = !stream.position.last_id.empty();
    auto broken = broken_off(*connection, ended, resumable);
    if (!resumable) co_return std::unexpected(std::move(broken));
    auto resumed = co_await resume(stream, fruitless, std::move(broken), cancellation);
    if (!resumed) co_return std::unexpected(std::move(resumed.error()));
    response = std::move(*resumed);
  }
}

Task<void> keep_standing_stream(std::shared_ptr<StreamableConnection> connection) {
  auto& ending = connection->ending();
  // Whoever spawned this gets to send notifications/initialized first.
  co_await boost::asio::post(boost::asio::use_awaitable);
  co_await connection->wait_initialized(ending);
  StandingStream stream{*connection, {}};
  std::chrono::milliseconds delay = kFirstDelay;
  while (!ending.requested()) {
    const auto opened = Clock::now();
    const auto what = co_await stand_once(stream);
    if (what == Standing::none || ending.requested()) co_return;
    const bool lived = std::exchange(stream.position.advanced, false) || Clock::now() - opened >= kMostDelay;
    if (lived) delay = first_delay(stream.position.retry_ms);
    co_await pause(delay, ending);
    delay = next_delay(delay, stream.position.retry_ms);
  }
}

}  // namespace mcp
