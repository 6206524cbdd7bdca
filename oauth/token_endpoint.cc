#include "oauth/token_endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "mcp/base/ascii.h"
#include "mcp/base/percent.h"
#include "mcp/http/url.h"
#include "mcp/json/text.h"
#include "oauth/base64url.h"
#include "oauth/client_assertion.h"
#include "oauth/http_date.h"
#include "oauth/shown_text.h"

namespace oauth {

using mcp::Error;
using mcp::ErrorCode;

namespace {

constexpr std::size_t kMaxToken = std::size_t{64} << 10;
constexpr std::size_t kMaxRefreshToken = std::size_t{256} << 10;
constexpr int kMaxDepth = 32;
constexpr auto kLongestLifetime = std::chrono::hours(24 * 3660);
constexpr std::string_view kTryLater = "It is tried again by itself.";

struct CodeMeaning {
  std::string_view code;
  TokenFailure failure;
};

constexpr auto kMeanings = std::to_array<CodeMeaning>({
    {"invalid_grant", TokenFailure::refresh_dead},
    // Other words for it, which some have made up.
    {"bad_refresh_token", TokenFailure::refresh_dead},
    {"invalid_refresh_token", TokenFailure::refresh_dead},
    {"expired_refresh_token", TokenFailure::refresh_dead},
    {"refresh_token_expired", TokenFailure::refresh_dead},
    {"token_expired", TokenFailure::refresh_dead},
    {"token_revoked", TokenFailure::refresh_dead},
    {"invalid_client", TokenFailure::client_unknown},
    {"unauthorized_client", TokenFailure::client_refused},
    {"invalid_request", TokenFailure::client_refused},
    {"invalid_target", TokenFailure::client_refused},
    {"unsupported_grant_type", TokenFailure::client_refused},
    {"access_denied", TokenFailure::consent},
    {"invalid_scope", TokenFailure::consent},
    {"insufficient_scope", TokenFailure::consent},
    {"consent_required", TokenFailure::consent},
    {"interaction_required", TokenFailure::consent},
    {"login_required", TokenFailure::consent},
    {"account_selection_required", TokenFailure::consent},
    {"temporarily_unavailable", TokenFailure::transient},
    {"server_error", TokenFailure::transient},
    {"authorization_pending", TokenFailure::pending},
    {"slow_down", TokenFailure::slow_down},
    {"expired_token", TokenFailure::expired},
});

std::string origin_of(const std::string& url) {
  const auto parsed = mcp::Url::parse(url);
  return parsed ? parsed->origin() : "the authorization server";
}

void append_form(std::string& body, std::string_view name, std::string_view value) {
  if (!body.empty()) body += '&';
  body.append(mcp::percent_encode(name)).append("=").append(mcp::percent_encode(value));
}

/// Both are encoded as in a form first (RFC 6749, 2.3.1).
std::string basic_credentials(const Client& client) {
  return base64(mcp::percent_encode(client.id) + ":" + mcp::percent_encode(client.secret));
}

/// A text of the authorization server's, as people may see it: it may repeat what it was sent.
std::string shown(std::string_view text, const TokenRequest& request) {
  const std::string basic = basic_credentials(request.client);
  std::vector<std::string_view> secrets = {request.client.secret, basic};
  for (const auto& [name, value] : request.form) {
    if (name != "grant_type" && name != "scope" && name != "resource" && name != "redirect_uri") secrets.push_back(value);
  }
  return shown_text(text, secrets);
}

TokenError provider_fault(const TokenRequest& request, std::string what) {
  return {.failure = TokenFailure::provider,
          .error = {ErrorCode::authorization_unavailable,
                    origin_of(request.endpoint) + " answered a request for a token " + std::move(what) + ".",
                    "That is a fault of the authorization server's, or of something in between. " + std::string(kTryLater)}};
}

TokenError network_failure(const TokenRequest& request, const Error& error) {
  TokenError failed{.error = error};
  switch (error.code) {
    case ErrorCode::cancelled:
    case ErrorCode::shutting_down:
      failed.failure = TokenFailure::cancelled;
      return failed;
    case ErrorCode::config_invalid:
      failed.failure = TokenFailure::client_refused;
      return failed;
    case ErrorCode::not_mcp:
    case ErrorCode::too_large: {
      failed = provider_fault(request, "with what cannot be read");
      return failed;
    }
    default:
      break;
  }
  failed.failure = TokenFailure::transient;
  failed.error.code = ErrorCode::authorization_unavailable;
  return failed;
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

/// The OAuth error of an answer, "" where there is none: an object that has one as a string.
std::string oauth_error(std::string_view body) {
  if (!mcp::validate_json(body, kMaxDepth)) return "";
  return mcp::string_member(body, "error");
}

std::string_view remedy_for(TokenFailure failure) {
  switch (failure) {
    case TokenFailure::client_refused:
    case TokenFailure::client_unknown:
      return "Check the server's \"oauth\" settings: the client's id, its secret, and what the authorization server allows it.";
    case TokenFailure::refresh_dead:
    case TokenFailure::consent:
    case TokenFailure::expired:
      return "Log in again.";
    default:
      return kTryLater;
  }
}

ErrorCode code_for(TokenFailure failure) {
  switch (failure) {
    case TokenFailure::client_refused:
    case TokenFailure::client_unknown:
      return ErrorCode::credential_refused;
    case TokenFailure::refresh_dead:
    case TokenFailure::consent:
    case TokenFailure::expired:
      return ErrorCode::reauthentication_required;
    default:
      return ErrorCode::authorization_unavailable;
  }
}

TokenError refusal(const HttpAnswer& answer, const std::string& code, const TokenRequest& request, WallTime now) {
  TokenError refused{.failure = failure_of(code), .code = code};
  // Too much or too broken to decide: whatever else it says.
  const bool passing = answer.status == 429 || answer.status == 408 || answer.status == 425 || answer.status >= 500;
  if (passing) refused.failure = TokenFailure::transient;
  refused.error.code = code_for(refused.failure);
  refused.error.message = origin_of(request.endpoint) + " gave no token: " + shown(code, request);
  const std::string description = mcp::string_member(answer.body, "error_description");
  if (!description.empty()) refused.error.message += " (" + shown(description, request) + ")";
  if (passing) refused.error.message += ", HTTP " + std::to_string(answer.status);
  refused.error.remedy = remedy_for(refused.failure);
  refused.retry_after = parse_retry_after(answer.retry_after, now);
  return refused;
}

TokenError bare_status(const HttpAnswer& answer, const TokenRequest& request, WallTime now) {
  const int status = answer.status;
  TokenError failed = provider_fault(request, "with HTTP " + std::to_string(status) + " and no OAuth error");
  failed.retry_after = parse_retry_after(answer.retry_after, now);
  const bool passing = status == 429 || status == 408 || status == 425 || status >= 500;
  if (!passing) return failed;
  failed.failure = TokenFailure::transient;
  failed.error.message = origin_of(request.endpoint) + " answered a request for a token with HTTP " + std::to_string(status) + ".";
  failed.error.remedy = kTryLater;
  return failed;
}

/// What can stand in an Authorization header: RFC 6750's b68token, and a little more than that.
bool usable_token(std::string_view token) {
  return !token.empty() && token.size() <= kMaxToken && std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7F; });
}

/// RFC 6749, A.17.
bool is_refresh_token(std::string_view token) {
  return token.size() <= kMaxRefreshToken && std::ranges::all_of(token, [](char c) { return c >= ' ' && c < 0x7F; });
}

void read_lifetime(std::string_view body, TokenAnswer& tokens) {
  const std::string_view raw = mcp::member(body, "expires_in");
  if (raw.empty() || raw == "null") return;
  const std::string text = raw.starts_with('"') ? mcp::decode_json_string(raw) : std::string(raw);
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const double most = static_cast<double>(std::chrono::seconds(kLongestLifetime).count());
  tokens.odd_lifetime = error != std::errc() || end != text.data() + text.size() || !(seconds >= 1) || seconds > most;
  if (!tokens.odd_lifetime) tokens.lifetime = std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

std::vector<std::string> split_scopes(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const auto end = text.find_first_of(" \t,");
    if (end != 0) scopes.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return scopes;
}

std::expected<TokenAnswer, TokenError> read_tokens(const std::string& body, const TokenRequest& request) {
  if (!mcp::validate_json(body, kMaxDepth)) return std::unexpected(provider_fault(request, "with what is no JSON"));
  TokenAnswer tokens;
  tokens.access_token = mcp::string_member(body, "access_token");
  if (tokens.access_token.empty()) return std::unexpected(provider_fault(request, "without an access_token"));
  if (!usable_token(tokens.access_token))
    return std::unexpected(provider_fault(request, "with an access_token that no header can hold"));
  const std::string type = mcp::string_member(body, "token_type");
  // Some leave it out, though it has to be there (RFC 6749, 5.1).
  if (!type.empty() && !mcp::equals_ignoring_case(type, "bearer"))
    return std::unexpected(provider_fault(request, "with a token of the type \"" + shown(type, request) + "\", not Bearer"));
  tokens.refresh_token = mcp::string_member(body, "refresh_token");
  if (!is_refresh_token(tokens.refresh_token)) tokens.refresh_token.clear();
  tokens.id_token = mcp::string_member(body, "id_token");
  if (tokens.id_token.size() > kMaxToken) tokens.id_token.clear();
  if (mcp::member(body, "scope").starts_with('"')) tokens.scopes = split_scopes(mcp::string_member(body, "scope"));
  read_lifetime(body, tokens);
  return tokens;
}

}  // namespace

TokenFailure failure_of(std::string_view code) {
  const auto meaning = std::ranges::find(kMeanings, code, &CodeMeaning::code);
  return meaning == kMeanings.end() ? TokenFailure::provider : meaning->failure;
}

mcp::Result<HttpRequest> token_http_request(const TokenRequest& request, WallTime now) {
  HttpRequest http{.method = "POST", .url = request.endpoint};
  http.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  for (const auto& [name, value] : request.form)
    append_form(http.body, name, value);
  const Client& client = request.client;
  switch (client.authentication) {
    case ClientAuthentication::basic:
      http.headers.emplace_back("Authorization", "Basic " + basic_credentials(client));
      return http;
    case ClientAuthentication::post:
      append_form(http.body, "client_id", client.id);
      append_form(http.body, "client_secret", client.secret);
      return http;
    case ClientAuthentication::private_key_jwt: {
      auto assertion = client_assertion(client.id, request.audience, request.private_key, now);
      if (!assertion) return std::unexpected(std::move(assertion).error());
      append_form(http.body, "client_id", client.id);
      append_form(http.body, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      append_form(http.body, "client_assertion", *assertion);
      return http;
    }
    case ClientAuthentication::none:
      append_form(http.body, "client_id", client.id);
      break;
  }
  return http;
}

std::expected<TokenAnswer, TokenError> read_token_answer(const mcp::Result<HttpAnswer>& answer,
                                                         const TokenRequest& request,
                                                         WallTime now) {
  if (!answer) return std::unexpected(network_failure(request, answer.error()));
  const std::string code = oauth_error(answer->body);
  // Some answer with 200 even where they refuse.
  if (!code.empty()) return std::unexpected(refusal(*answer, code, request, now));
  if (!is_success(answer->status)) return std::unexpected(bare_status(*answer, request, now));
  return read_tokens(answer->body, request);
}

mcp::Task<std::expected<TokenAnswer, TokenError>> request_tokens(Http& http,
                                                                 TokenRequest request,
                                                                 WallTime now,
                                                                 mcp::Cancellation& cancellation) {
  auto message = token_http_request(request, now);
  if (!message) {
    co_return std::unexpected(TokenError{.failure = TokenFailure::client_refused, .error = std::move(message).error()});
  }
  const auto answer = co_await http.send(std::move(*message), cancellation);
  co_return read_token_answer(answer, request, now);
}

}  // namespace oauth
