#include "oauth/probe.h"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/json/text.h"
#include "mcp/types/protocol_version.h"
#include "oauth/challenge.h"
#include "oauth/document.h"

namespace oauth {
namespace {

using mcp::ErrorCode;

constexpr auto kTime = std::chrono::seconds(15);
constexpr auto kStreamTime = std::chrono::seconds(5);

HttpRequest initialize(std::string url, const std::string& client_version) {
  HttpRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}};
  request.body = R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" +
                 std::string(mcp::to_string(mcp::kLatestVersion)) +
                 R"(","capabilities":{},"clientInfo":{"name":"switchyard","version":)" + mcp::json_string(client_version) + "}}}";
  return request;
}

bool asks(const HttpAnswer& answer) {
  return answer.status == 401 || (answer.status == 403 && find_bearer_challenge(answer.challenge));
}

/// A server that asks for nothing answers with a stream that has no end, so silence is an answer too.
mcp::Task<ProbedServer> probe_stream(Http& http, std::string url, mcp::Cancellation& cancellation) {
  HttpRequest request;
  request.url = std::move(url);
  request.headers = {{"Accept", "text/event-stream"}};
  const mcp::Executor executor = co_await boost::asio::this_coro::executor;
  mcp::Error enough{ErrorCode::timeout, "", {}, {}};
  mcp::TimedCancellation limit(executor, &cancellation, mcp::Clock::now() + kStreamTime, std::move(enough));
  const auto answer = co_await http.send(std::move(request), limit.get());
  if (!answer || !asks(*answer)) co_return ProbedServer{};
  co_return ProbedServer{.asks = true, .challenge = answer->challenge};
}

}  // namespace

mcp::Task<mcp::Result<ProbedServer>> probe_server(Http& http,
                                                  std::string server_url,
                                                  std::string client_version,
                                                  mcp::Cancellation& cancellation) {
  HttpRequest request = initialize(server_url, client_version);
  const mcp::Executor executor = co_await boost::asio::this_coro::executor;
  mcp::Error slow{ErrorCode::timeout, shown_url(server_url) + " did not answer within 15 s.", "Is the server all right?", {}};
  mcp::TimedCancellation limit(executor, &cancellation, mcp::Clock::now() + kTime, std::move(slow));
  const auto answer = co_await http.send(std::move(request), limit.get());
  if (!answer) co_return std::unexpected(answer.error());
  if (asks(*answer)) co_return ProbedServer{.asks = true, .challenge = answer->challenge};
  if (answer->status < 300) co_return ProbedServer{};
  const std::string said = shown_url(server_url) + " answers with HTTP status " + std::to_string(answer->status) + ".";
  if (answer->status >= 500 || answer->status == 429)
    co_return mcp::fail(ErrorCode::authorization_unavailable, said, "Try again in a moment.");
  if (answer->status < 400) co_return mcp::fail(ErrorCode::http_status, said, "Use the URL that it redirects to.");
  auto probed = co_await probe_stream(http, std::move(server_url), cancellation);
  probed.status = answer->status;
  co_return probed;
}

}  // namespace oauth
