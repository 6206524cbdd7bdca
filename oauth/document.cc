#include "oauth/document.h"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "mcp/base/ascii.h"
#include "mcp/base/clock.h"
#include "mcp/http/timed_cancellation.h"
#include "mcp/http/url.h"
#include "mcp/types/protocol_version.h"

namespace oauth {
namespace {

using mcp::ErrorCode;

constexpr int kMaxRedirects = 3;
constexpr std::size_t kMaxShown = 200;
constexpr std::string_view kTryAgain = "Try again in a moment.";

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_transient(int status) {
  return status >= 500 || status == 408 || status == 425 || status == 429;
}

bool is_json(const HttpAnswer& answer) {
  const std::string type = mcp::ascii_lower(answer.content_type);
  if (type.contains("json")) return true;
  const std::size_t first = answer.body.find_first_not_of(" \t\r\n");
  return first != std::string::npos && answer.body[first] == '{';
}

/// What a failure to reach the document means for whoever wants to log in.
mcp::Error unreachable(const std::string& url, const mcp::Error& why, const mcp::Cancellation& cancellation) {
  const bool final = why.code == ErrorCode::config_invalid || why.code == ErrorCode::too_large || cancellation.requested();
  if (final) return why;
  return {ErrorCode::authorization_unavailable, "cannot fetch " + shown_url(url) + ": " + why.message, why.remedy, {}};
}

mcp::Result<std::string> redirected(const std::string& url, const HttpAnswer& answer) {
  const auto from = mcp::Url::parse(url);
  auto to = from ? from->resolve(answer.location) : from;
  if (answer.location.empty() || !to) return mcp::fail(ErrorCode::not_mcp, shown_url(url) + " redirects to nowhere.");
  return to->origin() + to->target;
}

}  // namespace

std::string shown_url(std::string_view url) {
  const std::string_view plain = url.substr(0, url.find_first_of("?#"));
  std::string shown(plain.substr(0, kMaxShown));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

mcp::Task<mcp::Result<Document>> fetch_document(Http& http, std::string url, mcp::Cancellation& cancellation) {
  const mcp::Executor executor = co_await boost::asio::this_coro::executor;
  mcp::Error slow{ErrorCode::timeout, "it took longer than 10 s.", std::string(kTryAgain), {}};
  mcp::TimedCancellation limit(executor, &cancellation, mcp::Clock::now() + kDocumentTime, std::move(slow));
  for (int redirects = 0;; ++redirects) {
    HttpRequest request;
    request.url = url;
    // MCP 2025-03-26, "Server Metadata Discovery", wants the revision to be said.
    request.headers = {{"Accept", "application/json"}, {"MCP-Protocol-Version", std::string(mcp::to_string(mcp::kLatestVersion))}};
    auto answer = co_await http.send(std::move(request), limit.get());
    if (!answer) co_return std::unexpected(unreachable(url, answer.error(), cancellation));
    if (is_transient(answer->status)) {
      co_return mcp::fail(ErrorCode::authorization_unavailable,
                          shown_url(url) + " answers with HTTP status " + std::to_string(answer->status) + ".",
                          std::string(kTryAgain));
    }
    if (is_redirect(answer->status)) {
      if (redirects == kMaxRedirects) co_return mcp::fail(ErrorCode::not_mcp, shown_url(url) + " is redirected once too often.");
      auto next = redirected(url, *answer);
      if (!next) co_return std::unexpected(std::move(next.error()));
      url = std::move(*next);
      continue;
    }
    Document document;
    document.status = answer->status;
    document.url = std::move(url);
    if (answer->status == 200) {
      document.there = true;
      document.json = is_json(*answer);
      document.text = std::move(answer->body);
    } else if (answer->status < 400) {
      co_return mcp::fail(ErrorCode::not_mcp,
                          shown_url(document.url) + " answers with HTTP status " + std::to_string(answer->status) + ".");
    }
    co_return document;
  }
}

}  // namespace oauth
