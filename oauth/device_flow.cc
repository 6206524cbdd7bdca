#include "oauth/device_flow.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "oauth/document.h"
#include "oauth/json_object.h"
#include "oauth/metadata.h"
#include "oauth/shown_text.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using std::chrono::seconds;

constexpr seconds kRequestTime{30};
constexpr seconds kDefaultInterval{5};
constexpr seconds kShortestInterval{1};
constexpr seconds kLongestLife{15 * 60};
constexpr seconds kLongestInterval = kLongestLife;

struct DeviceCode {
  std::string code;
  seconds interval = kDefaultInterval;
  DevicePrompt prompt;
};

WallTime wall_now() {
  return std::chrono::system_clock::now();
}

TokenError failure(TokenFailure kind, mcp::Error error) {
  return {.failure = kind, .code = {}, .error = std::move(error), .retry_after = {}};
}

TokenError cancelled(const mcp::Cancellation& cancellation) {
  return failure(TokenFailure::cancelled, cancellation.reason());
}

seconds within(std::optional<long long> value, seconds otherwise, seconds least, seconds most) {
  return value ? std::clamp(seconds(std::clamp<long long>(*value, 0, 1'000'000)), least, most) : otherwise;
}

std::expected<DeviceCode, TokenError> read_device_code(const HttpAnswer& answer, const std::string& endpoint) {
  auto body = JsonObject::parse("the answer of " + shown_url(endpoint), answer.body);
  if (!body) return std::unexpected(failure(TokenFailure::provider, std::move(body.error())));
  DeviceCode code;
  code.code = body->text("device_code");
  code.prompt.user_code = shown_text(body->text("user_code"), {});
  code.prompt.verification_uri = body->text("verification_uri");
  // Google's word for it.
  if (code.prompt.verification_uri.empty()) code.prompt.verification_uri = body->text("verification_url");
  code.prompt.verification_uri_complete = body->text("verification_uri_complete");
  code.prompt.lifetime = within(body->number("expires_in"), kLongestLife, seconds(1), kLongestLife);
  code.interval = within(body->number("interval"), kDefaultInterval, kShortestInterval, kLongestInterval);
  if (code.code.empty()) body->refuse("device_code is missing.");
  if (code.prompt.user_code.empty()) body->refuse("user_code is missing.");
  for (const std::string* uri : {&code.prompt.verification_uri, &code.prompt.verification_uri_complete}) {
    if (uri->empty() && uri == &code.prompt.verification_uri_complete) continue;
    if (const auto checked = check_secure_url(*uri, "verification_uri"); !checked) body->refuse(checked.error().message);
  }
  if (body->error()) return std::unexpected(failure(TokenFailure::provider, *body->error()));
  return code;
}

mcp::Task<std::expected<DeviceCode, TokenError>> ask_for_code(Http& http,
                                                              const DeviceRequest& request,
                                                              mcp::Cancellation& cancellation) {
  TokenRequest authorization = request.tokens;
  authorization.endpoint = request.device_endpoint;
  authorization.form.clear();
  if (!request.scope.empty()) authorization.form.emplace_back("scope", request.scope);
  if (!request.resource.empty()) authorization.form.emplace_back("resource", request.resource);
  auto message = token_http_request(authorization, wall_now());
  if (!message) co_return std::unexpected(failure(TokenFailure::client_refused, std::move(message.error())));
  const mcp::Executor executor = co_await boost::asio::this_coro::executor;
  mcp::Error slow{ErrorCode::timeout, shown_url(request.device_endpoint) + " did not answer within 30 s.", {}, {}};
  mcp::TimedCancellation limit(executor, &cancellation, mcp::Clock::now() + kRequestTime, std::move(slow));
  const auto answer = co_await http.send(std::move(*message), limit.get());
  if (cancellation.requested()) co_return std::unexpected(cancelled(cancellation));
  if (answer && answer->status == 200 && !answer->body.contains("\"error\"")) {
    co_return read_device_code(*answer, request.device_endpoint);
  }
  auto refused = read_token_answer(answer, authorization, wall_now());
  if (!refused) co_return std::unexpected(std::move(refused.error()));
  mcp::Error nonsense{ErrorCode::invalid_request, shown_url(request.device_endpoint) + " answers with no device code.", {}, {}};
  co_return std::unexpected(failure(TokenFailure::provider, std::move(nonsense)));
}

/// {}: goes on.
std::optional<TokenError> judge(TokenError error, seconds& interval) {
  switch (error.failure) {
    case TokenFailure::pending:
      return std::nullopt;
    case TokenFailure::slow_down:
      interval = std::min(interval + seconds(5), kLongestInterval);
      return std::nullopt;
    case TokenFailure::transient:
      interval = std::min(std::max(interval * 2, error.retry_after.value_or(seconds(0))), kLongestInterval);
      return std::nullopt;
    default:
      return error;
  }
}

TokenError too_late(const std::string& endpoint) {
  return failure(
      TokenFailure::expired,
      {ErrorCode::timeout, "the code of " + shown_url(endpoint) + " was not used in time.", "Start the login again.", {}});
}

}  // namespace

mcp::Task<std::expected<TokenAnswer, TokenError>> run_device_flow(Http& http,
                                                                  DeviceRequest request,
                                                                  std::function<void(const DevicePrompt&)> on_code,
                                                                  mcp::Cancellation& cancellation) {
  auto code = co_await ask_for_code(http, request, cancellation);
  if (!code) co_return std::unexpected(std::move(code.error()));
  const auto over = mcp::Clock::now() + code->prompt.lifetime;
  on_code(code->prompt);
  const mcp::Executor executor = co_await boost::asio::this_coro::executor;
  seconds interval = code->interval;
  for (;;) {
    co_await mcp::pause(interval, cancellation);
    if (cancellation.requested()) co_return std::unexpected(cancelled(cancellation));
    if (mcp::Clock::now() >= over) co_return std::unexpected(too_late(request.device_endpoint));
    TokenRequest poll = request.tokens;
    poll.form = {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"}, {"device_code", code->code}};
    if (!request.resource.empty()) poll.form.emplace_back("resource", request.resource);
    mcp::Error slow{ErrorCode::timeout, shown_url(poll.endpoint) + " did not answer within 30 s.", {}, {}};
    mcp::TimedCancellation limit(executor, &cancellation, mcp::Clock::now() + kRequestTime, std::move(slow));
    const WallTime now = wall_now();
    auto tokens = co_await request_tokens(http, std::move(poll), now, limit.get());
    if (tokens) co_return tokens;
    if (auto end = judge(std::move(tokens.error()), interval)) co_return std::unexpected(std::move(*end));
  }
}

}  // namespace oauth
