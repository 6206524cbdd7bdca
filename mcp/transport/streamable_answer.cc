#include "mcp/transport/streamable_answer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "mcp/base/ascii.h"
#include "mcp/base/login_reason.h"
#include "mcp/json/text.h"
#include "mcp/rpc/batch.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/transport/answer_texts.h"
#include "mcp/transport/streamable_stream.h"

namespace mcp {
namespace {

constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;
constexpr std::size_t kShown = 300;
constexpr std::string_view kServersFault = "That is a mistake of the server's: see whether there is a newer version of it.";
constexpr std::string_view kCheckUrl = "Check that \"url\" points to the server's MCP endpoint.";

std::string_view status_remedy(int status) {
  if (status == 404 || status == 405) return kCheckUrl;
  if (status == 408 || status == 429 || status >= 500) return "The trouble is on the server's side: try again later.";
  return "Check \"url\" and \"headers\" of the server in the configuration.";
}

/// The start of a text somebody else wrote, on one line.
std::string shown(std::string_view text) {
  auto cut = std::min(text.size(), kShown);
  // Not within a character.
  while (cut < text.size() && cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
    --cut;
  std::string out(text.substr(0, cut));
  std::ranges::replace_if(out, [](char c) { return c >= 0 && (c < ' ' || c == 0x7f); }, ' ');
  return out;
}

/// Queries hold keys, the server's own and those it repeats from our URL: no text has one.
Error redirect_error(const StreamableConnection& connection, int status, std::string_view location) {
  const std::string& origin = connection.origin();
  const std::string number = " (HTTP " + std::to_string(status) + ")";
  const auto target = connection.url().resolve(location);
  if (location.empty() || !target) {
    return {ErrorCode::http_status, origin + " redirects to nowhere that can be reached" + number + ".", std::string(kCheckUrl)};
  }
  const std::string place = target->origin() + std::string(target->path());
  const bool query = target->target.contains('?');
  return {ErrorCode::http_status,
          origin + " redirects to \"" + shown(place) + (query ? "?…" : "") + "\"" + number + ", which is not followed.",
          "If that is the right server, set \"url\" to " + place + (query ? " and the query it needs." : ".")};
}

bool is_text(std::string_view content_type) {
  return has_media_type(content_type, "application/json") || content_type.starts_with("text/") ||
         has_media_type(content_type, "application/problem+json");
}

/// An error status may still carry the response (MCP 2026-07-28 answers unknown methods with 404). A 404 that ends a session looks
/// much the same; only "method not found" is taken for the request's own answer then.
bool is_own_error(const Message& message, std::string_view id, bool may_be_lost_session) {
  if (message.kind() != MessageKind::response || !message.is_error() || message.id() != id) return false;
  const auto code = member(message.raw(message.envelope().error), "code");
  return !may_be_lost_session || code == std::to_string(kMethodNotFound);
}

/// Whether it is an error with a code that MCP has kept for itself since 2026-07-28 (-32020 to -32099).
bool is_modern_error(const Message& message) {
  if (message.kind() != MessageKind::response || !message.is_error()) return false;
  const auto text = member(message.raw(message.envelope().error), "code");
  int code = 0;
  std::from_chars(text.data(), text.data() + text.size(), code);
  return code <= -32020 && code >= -32099;
}

/// The body of an error where it is text; "" where it is none or cannot be had.
Task<std::string> read_text(HttpClientResponse& response, Cancellation& cancellation) {
  if (!is_text(response.header("Content-Type"))) co_return std::string();
  auto text = co_await response.read_all(cancellation, kMaxErrorBody);
  co_return text ? std::move(*text) : std::string();
}

Task<Result<Message>> read_refusal(std::shared_ptr<StreamableConnection> connection,
                                   StreamableConnection::Response response,
                                   std::string id,
                                   Cancellation& cancellation) {
  const std::string body = co_await read_text(*response, cancellation);
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (has_media_type(response->header("Content-Type"), "application/json")) {
    auto message = Message::parse(body);
    const bool may_be_lost_session = response->status() == 404 && connection->has_session();
    // A 401 is about the login, whatever else is said with it.
    const bool may_answer = message && response->status() != 401;
    if (may_answer && is_own_error(*message, id, may_be_lost_session)) co_return std::move(*message);
    if (message && is_modern_error(*message)) connection->see_modern_error();
  }
  auto error = status_error(*connection, *response, body);
  connection->settle(std::move(response));
  if (error.code == ErrorCode::session_lost) connection->lose(error);
  co_return std::unexpected(std::move(error));
}

/// The response that a JSON body is, or holds among others.
Result<Message> answer_in_body(StreamableConnection& connection, std::string body, std::uint64_t id) {
  const bool batch = connection.batches() == Batches::allowed && is_batch(body);
  if (!batch) return parse_response(connection, std::move(body), std::to_string(id));
  AnswerTexts texts(connection, id);
  texts.take(std::move(body));
  if (auto outcome = texts.take_outcome()) return std::move(*outcome);
  return fail(
      ErrorCode::not_mcp,
      connection.origin() + " answered the request with the id " + std::to_string(id) + " with a batch without the response.",
      std::string(kServersFault));
}

}  // namespace

bool has_media_type(std::string_view content_type, std::string_view type) {
  if (content_type.size() < type.size()) return false;
  if (!equals_ignoring_case(content_type.substr(0, type.size()), type)) return false;
  const auto rest = content_type.substr(type.size());
  return rest.empty() || rest.front() == ';' || rest.front() == ' ' || rest.front() == '\t';
}

Error status_error(const StreamableConnection& connection, const HttpClientResponse& response, std::string_view text) {
  const int status = response.status();
  const auto& origin = connection.origin();
  const auto challenge = response.all_of("WWW-Authenticate");
  const std::string data = challenge.empty() ? std::string() : "{\"www_authenticate\":" + json_string(challenge) + "}";
  if (status == 401 && connection.has_own_authorization()) {
    return {ErrorCode::credential_refused,
            origin + " refuses the login that the configuration gives it (HTTP 401).",
            "The header Authorization under \"headers\" of the server was refused: renew it.",
            data};
  }
  if (status == 401) return {ErrorCode::login_required, origin + " wants a login (HTTP 401).", std::string(kLoginRemedy), data};
  if (status == 404 && connection.has_session()) {
    return {ErrorCode::session_lost,
            origin + " no longer knows our session (HTTP 404); it was probably restarted.",
            "Try again: a new session is being opened."};
  }
  if (status >= 300 && status < 400) {
    return redirect_error(connection, status, response.header("Location"));
  }
  std::string message = origin + " answered with HTTP " + std::to_string(status);
  message += text.empty() ? "." : ": " + shown(text);
  return {ErrorCode::http_status, std::move(message), std::string(status_remedy(status)), data};
}

Task<Error> read_status_error(std::shared_ptr<StreamableConnection> connection,
                              StreamableConnection::Response response,
                              Cancellation& cancellation) {
  const std::string body = co_await read_text(*response, cancellation);
  auto error = status_error(*connection, *response, body);
  connection->settle(std::move(response));
  co_return error;
}

std::string shown_type(std::string_view content_type) {
  return content_type.empty() ? std::string("nothing") : "\"" + shown(content_type) + "\"";
}

Result<Message> check_response(const StreamableConnection& connection, Message message, std::string_view id) {
  if (message.kind() == MessageKind::response && message.id() == id) return message;
  const auto what =
      message.kind() == MessageKind::response ? "a response with the id " + shown(message.id()) : std::string("no response");
  return fail(
      ErrorCode::not_mcp,
      connection.origin() + " answered the request with the id " + std::string(id) + " with " + what + ": " + shown(message.text()),
      std::string(kServersFault));
}

Result<Message> parse_response(const StreamableConnection& connection, std::string text, std::string_view id) {
  auto message = Message::parse(std::move(text));
  if (!message) {
    const std::string beginning = shown(text);  // NOLINT(bugprone-use-after-move): what is refused is given back
    return fail(ErrorCode::not_mcp,
                connection.origin() + " answered with what is no MCP message (" + message.error().message + "): " + beginning,
                std::string(kCheckUrl));
  }
  return check_response(connection, std::move(*message), id);
}

std::optional<Result<Message>> answer_at_hand(StreamableConnection& connection, HttpClientResponse& response, std::uint64_t id) {
  if (response.status() >= 300 || !has_media_type(response.header("Content-Type"), "application/json")) return std::nullopt;
  auto body = response.take_all(connection.max_message());
  if (!body) return std::nullopt;
  return answer_in_body(connection, std::move(*body), id);
}

Task<Result<Message>> read_answer(std::shared_ptr<StreamableConnection> connection,
                                  StreamableConnection::Response response,
                                  std::uint64_t id,
                                  Cancellation& cancellation) {
  const auto id_text = std::to_string(id);
  const int status = response->status();
  if (status >= 300) co_return co_await read_refusal(connection, std::move(response), id_text, cancellation);
  const auto type = response->header("Content-Type");
  if (has_media_type(type, "application/json")) {
    auto body = co_await response->read_all(cancellation, connection->max_message());
    if (!body) co_return std::unexpected(std::move(body.error()));
    co_return answer_in_body(*connection, std::move(*body), id);
  }
  if (has_media_type(type, "text/event-stream")) {
    co_return co_await read_answer_stream(connection, std::move(response), id, cancellation);
  }
  co_return fail(ErrorCode::not_mcp,
                 connection->origin() + " answered a request with " + shown_type(type) + " (HTTP " + std::to_string(status) +
                     "), not with JSON or an event stream.",
                 std::string(kCheckUrl));
}

}  // namespace mcp
