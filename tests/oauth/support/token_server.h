#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/base/percent.h"
#include "mcp/http/timed_cancellation.h"
#include "oauth/http.h"

namespace oauth {

/// A token endpoint in memory that rotates refresh tokens and revokes all where an old one comes again, like a careful
/// authorization server. What it is told to do wrong it does with the next requests.
class TokenServer final : public Http {
 public:
  /// Does something to the request that is next: an answer of its own; nothing: as if it had not been there.
  using Fault = std::function<std::optional<mcp::Result<HttpAnswer>>(TokenServer&, const HttpRequest&)>;

  mcp::Task<mcp::Result<HttpAnswer>> send(HttpRequest request, mcp::Cancellation& cancellation) override {
    ++requests;
    ++open;
    last_body = request.body;
    most_open = std::max(most_open, open);
    struct Leave {
      int& count;

      ~Leave() { --count; }
    } leave{open};
    if (delay > std::chrono::milliseconds::zero()) co_await mcp::pause(delay, cancellation);
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    if (fault) {
      auto answer = fault(*this, request);
      // Silence: whoever asked has to lose patience.
      if (answer && !*answer && answer->error().code == mcp::ErrorCode::internal) {
        while (!cancellation.requested())
          co_await mcp::pause(std::chrono::hours(1), cancellation);
        co_return std::unexpected(cancellation.reason());
      }
      if (answer) co_return std::move(*answer);
    }
    co_return grant(request);
  }

  /// What it answers where nothing is wrong.
  HttpAnswer grant(const HttpRequest& request) {
    const std::string given = form_value(request.body, "refresh_token");
    if (revoked || given != refresh_token()) {
      // An old one that comes again: somebody has stolen it.
      if (given != refresh_token()) revoked = true;
      return json(400, R"({"error":"invalid_grant"})");
    }
    ++rotations;
    std::string body =
        R"({"access_token":")" + access_token() + R"(","token_type":"Bearer","refresh_token":")" + refresh_token() + "\"";
    if (lifetime) body += ",\"expires_in\":" + std::to_string(lifetime->count());
    return json(200, body + "}");
  }

  std::string access_token() const { return "access-" + std::to_string(rotations); }

  std::string refresh_token() const { return "refresh-" + std::to_string(rotations); }

  static HttpAnswer json(int status, std::string body) {
    return {.status = status, .body = std::move(body), .content_type = "application/json"};
  }

  static std::string form_value(std::string_view form, std::string_view name) {
    while (!form.empty()) {
      const auto end = form.find('&');
      const auto pair = form.substr(0, end);
      const auto equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return mcp::percent_decode(pair.substr(equals + 1));
      if (end == std::string_view::npos) break;
      form.remove_prefix(end + 1);
    }
    return "";
  }

  Fault fault;
  std::chrono::milliseconds delay{0};
  std::string last_body;
  std::optional<std::chrono::seconds> lifetime = std::chrono::seconds(3600);
  int rotations = 0;
  int requests = 0;
  int open = 0, most_open = 0;
  bool revoked = false;
};

}  // namespace oauth
