#include "oauth/revocation.h"

#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "oauth/document.h"
#include "oauth/shown_text.h"
#include "oauth/token_endpoint.h"

namespace oauth {
namespace {

constexpr auto kTime = std::chrono::seconds(15);

/// {}: revoked.
mcp::Task<std::optional<std::string>> revoke_one(Http& http, const TokenRequest& request, mcp::Cancellation& cancellation) {
  const WallTime now = std::chrono::system_clock::now();
  auto message = token_http_request(request, now);
  if (!message) co_return message.error().message;
  const auto answer = co_await http.send(std::move(*message), cancellation);
  // A token that is not known is as good as revoked, and answered so (RFC 7009, 2.2).
  if (answer && answer->status == 200) co_return std::nullopt;
  const auto refused = read_token_answer(answer, request, now);
  if (!refused && !refused.error().code.empty()) co_return shown_text(refused.error().code, {});
  if (!refused) co_return refused.error().error.message;
  co_return "HTTP status " + std::to_string(answer->status);
}

}  // namespace

mcp::Task<Revocation> revoke(Http& http, Credential credential, std::string private_key, mcp::Cancellation& cancellation) {
  const std::string server = shown_url(credential.key.issuer);
  Revocation result;
  if (credential.revocation_endpoint.empty()) {
    result.text = server + " offers no way to revoke a login: its tokens are good there until they expire.";
    co_return result;
  }
  const mcp::Executor executor = co_await boost::asio::this_coro::executor;
  mcp::Error slow{mcp::ErrorCode::timeout, "no answer within 15 s", {}, {}};
  mcp::TimedCancellation limit(executor, &cancellation, mcp::Clock::now() + kTime, std::move(slow));
  TokenRequest request;
  request.endpoint = credential.revocation_endpoint;
  request.client = credential.client;
  request.private_key = std::move(private_key);
  request.audience = credential.key.issuer;
  std::optional<std::string> problem;
  for (const bool refresh : {true, false}) {
    const std::string& token = refresh ? credential.refresh_token : credential.access_token;
    if (token.empty()) continue;
    request.form = {{"token", token}, {"token_type_hint", refresh ? "refresh_token" : "access_token"}};
    auto failed = co_await revoke_one(http, request, limit.get());
    // Access tokens that can be told from their own text cannot be taken back; they do not live long (RFC 7009, 2.2.1).
    const bool lives_on = failed && !refresh && !credential.refresh_token.empty() && failed->contains("unsupported_token_type");
    if (failed && !lives_on && !problem) problem = std::move(failed);
  }
  result.outcome = problem ? Revocation::Outcome::failed : Revocation::Outcome::revoked;
  result.text = problem ? "It could not be revoked at " + server + ": " + *problem : "It was revoked at " + server + ".";
  co_return result;
}

}  // namespace oauth
