#include "gateway/doctor/check_endpoint.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "gateway/config/secret_hint.h"
#include "gateway/config/shell_word.h"
#include "gateway/doctor/check_configuration.h"
#include "mcp/http/url.h"

namespace gateway {

using mcp::Result;
using mcp::Task;

namespace {

constexpr int kUnauthorized = 401, kForbidden = 403, kNotFound = 404, kMethodNotAllowed = 405, kGone = 410, kTooMany = 429;
constexpr auto kHintPatience = std::chrono::seconds(1);
constexpr std::string_view kEventStream = "text/event-stream", kJson = "application/json";

const HttpSpec& http_of(const ServerSpec& server) {
  return std::get<HttpSpec>(server.transport);
}

Check found(const ServerSpec& server, CheckLevel level, std::string message, std::string remedy = {}) {
  CheckList list(CheckGroup::servers);
  list.add(level, server.name.str(), std::move(message), std::move(remedy));
  return list.take().front();
}

Check answers(const ServerSpec& server, int status) {
  const auto url = mcp::Url::parse(http_of(server).url);
  return found(server, CheckLevel::ok, (url ? url->origin() : "it") + " answers (HTTP " + std::to_string(status) + ")");
}

Check refuses(const ServerSpec& server, int status) {
  const auto is_token = [](const auto& header) { return names_secret(header.first) || looks_secret(header.second); };
  const bool token = std::ranges::any_of(http_of(server).headers, is_token);
  const std::string code = " (HTTP " + std::to_string(status) + ")";
  if (token) {
    return found(server,
                 CheckLevel::error,
                 status == kForbidden ? "the token in its \"headers\" may not do that" + code
                                      : "the token in its \"headers\" is not accepted" + code,
                 "Check that it is whole, of this server, and has not expired; get a new one from whoever runs the server.");
  }
  // The command refuses where that says that nobody is to log in.
  const std::string first = http_of(server).access.login ? "Run: " : "Take \"oauth\": false out of its entry and run: ";
  return found(server,
               CheckLevel::error,
               "the server wants a login" + code,
               first + "switchyard login " + shell_word(server.name.str()) +
                   " (or, where it takes a fixed token, set \"headers\": {\"Authorization\": \"Bearer ${NAME}\"} and put the token "
                   "into that variable)");
}

Check redirects(const ServerSpec& server, const HttpAnswer& answer) {
  const auto url = mcp::Url::parse(http_of(server).url);
  auto to = url ? url->resolve(answer.location) : std::unexpected(url.error());
  // What stands behind "?" may be a secret.
  const std::string target = to ? to->origin() + std::string(to->path()) : "";
  return found(
      server,
      CheckLevel::error,
      "the server sends clients elsewhere (HTTP " + std::to_string(answer.status) + ")" + (target.empty() ? "" : ", to " + target),
      target.empty() ? "Ask whoever runs it for the right URL." : "Write that as \"url\".");
}

/// What any request tells, whatever its method; nothing for the rest.
std::optional<Check> judge_any(const ServerSpec& server, const HttpAnswer& answer) {
  if (answer.status == kUnauthorized || answer.status == kForbidden) return refuses(server, answer.status);
  if (answer.status >= 300 && answer.status < 400) return redirects(server, answer);
  const std::string code = "the server answers HTTP " + std::to_string(answer.status);
  if (answer.status == kTooMany) {
    return found(server, CheckLevel::warning, code + ": too many requests", "Try again later, or ask less of it.");
  }
  if (answer.status >= 500) {
    return found(server, CheckLevel::error, code + ": it has trouble of its own", "Try again later, or see what its own log says.");
  }
  return std::nullopt;
}

class EndpointLook {
 public:
  EndpointLook(mcp::Executor executor,
               const ServerSpec& server,
               const Environment& environment,
               const FindLogin& login,
               std::chrono::milliseconds patience)
      : executor_(std::move(executor)),
        server_(server),
        login_(login),
        patience_(patience),
        proxy_(std::make_shared<mcp::ProxySettings>(environment)) {}

  Task<Check> run() {
    auto endpoint = EndpointClient::create(executor_, http_of(server_), patience_, proxy_);
    if (!endpoint) co_return unreachable(endpoint.error());
    const EndpointClient::Headers none;
    const auto got = co_await (*endpoint)->ask("GET", none);
    if (!got && got.error().code != mcp::ErrorCode::timeout) co_return unreachable(got.error());
    if (got) {
      if (auto judged = judge_refusal(got->status)) co_return std::move(*judged);
      auto judged = judge_get(server_, *got);
      if (judged) co_return std::move(*judged);
    }
    const mcp::Message ping = mcp::Message::request("1", "ping", "");
    const auto answered = co_await (*endpoint)->post(ping, none);
    if (!answered) co_return unreachable(answered.error());
    if (auto judged = judge_refusal(answered->status)) co_return std::move(*judged);
    Check check = judge_post(server_, *answered);
    (*endpoint)->close();
    if (check.level == CheckLevel::error && is_missing(answered->status)) co_await add_hint(check);
    co_return check;
  }

 private:
  std::optional<Check> judge_refusal(int status) const {
    if (status != kUnauthorized && status != kForbidden) return std::nullopt;
    return judge_login(server_, status, login_, std::chrono::system_clock::now());
  }

  static bool is_missing(int status) { return status == kNotFound || status == kMethodNotAllowed || status == kGone; }

  Check unreachable(mcp::Error error) const {
    if (error.code == mcp::ErrorCode::timeout) {
      error.message = "the server takes connections, but does not answer within " + std::to_string(patience_.count() / 1000) + " s";
      error.remedy = "Check that \"url\" names an MCP endpoint, and what the server's own log says.";
    }
    CheckList list(CheckGroup::servers);
    list.error(server_.name.str(), std::move(error));
    return list.take().front();
  }

  /// Whether there is something where MCP servers usually are.
  Task<void> add_hint(Check& check) {
    static constexpr std::array<std::string_view, 2> kUsual = {"/mcp", "/sse"};
    const auto url = mcp::Url::parse(http_of(server_).url);
    for (const std::string_view path : kUsual) {
      if (!url || url->path() == path) continue;
      HttpSpec other = http_of(server_);
      other.url = url->origin() + std::string(path);
      auto endpoint = EndpointClient::create(executor_, other, kHintPatience, proxy_);
      if (!endpoint) continue;
      const EndpointClient::Headers none;
      const auto answer = co_await (*endpoint)->ask("GET", none);
      if (!answer || answer->status == kNotFound || answer->status >= 500) continue;
      check.remedy = "There is something at " + other.url + ": try that as \"url\".";
      co_return;
    }
  }

  const mcp::Executor executor_;
  const ServerSpec& server_;
  const FindLogin& login_;
  const std::chrono::milliseconds patience_;
  const std::shared_ptr<const mcp::ProxySettings> proxy_;
};

}  // namespace

Checks check_address_of(const ServerSpec& server) {
  Checks checks;
  const HttpSpec& http = http_of(server);
  if (!is_remote(server) || !http.url.starts_with("http://")) return checks;
  const auto is_secret = [](const auto& header) { return names_secret(header.first) || looks_secret(header.second); };
  const auto is_key = [](const UrlSecret& secret) {
    return secret.in_path || names_secret(secret.key) || looks_secret(secret.value);
  };
  if (std::ranges::any_of(http.headers, is_secret) || std::ranges::any_of(secrets_in_urls(http.url), is_key)) {
    checks.push_back(found(server,
                           CheckLevel::warning,
                           "its credentials travel readable for all on the way: the URL begins with http://",
                           "Use https://, where the server has that."));
  }
  return checks;
}

std::optional<Check> judge_get(const ServerSpec& server, const HttpAnswer& answer) {
  const bool stream = answer.ok() && answer.content_type == kEventStream;
  if (stream || answer.status == kMethodNotAllowed) return answers(server, answer.status);
  return judge_any(server, answer);
}

Check judge_post(const ServerSpec& server, const HttpAnswer& answer) {
  if (auto judged = judge_any(server, answer)) return std::move(*judged);
  const std::string code = "HTTP " + std::to_string(answer.status);
  if (answer.status == kNotFound || answer.status == kGone || answer.status == kMethodNotAllowed) {
    // A server that knows no session may say 404, too, but in JSON-RPC.
    if (answer.message) return answers(server, answer.status);
    return found(server,
                 CheckLevel::error,
                 "there is no MCP endpoint at that path (" + code + ")",
                 "Check the path in \"url\": it often ends in /mcp, or in /sse for older servers.");
  }
  if (answer.ok() && answer.content_type != kJson && answer.content_type != kEventStream && !answer.content_type.empty()) {
    return found(server,
                 CheckLevel::error,
                 "what answers there is no MCP server: " + code + " with " + answer.content_type,
                 "Check \"url\": a web page's address is not that of its MCP endpoint.");
  }
  return answers(server, answer.status);
}

Task<Checks> check_endpoint(mcp::Executor executor,
                            const ServerSpec& server,
                            const Environment& environment,
                            const FindLogin& login,
                            std::chrono::milliseconds patience) {
  EndpointLook look(std::move(executor), server, environment, login, patience);
  Checks checks = check_address_of(server);
  checks.push_back(co_await look.run());
  co_return checks;
}

}  // namespace gateway
