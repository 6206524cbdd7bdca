#include "oauth/http_client.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "mcp/base/ascii.h"
#include "mcp/http/address_rules.h"
#include "mcp/http/url.h"

namespace oauth {
namespace {

constexpr std::size_t kMaxAnswer = std::size_t{1} << 20;
constexpr std::size_t kMaxOrigins = 8;
constexpr std::size_t kMaxConnections = 4;

class RuledHttp final : public Http {
 public:
  RuledHttp(mcp::Executor executor, HttpRules rules, mcp::HttpClientOptions options)
      : executor_(std::move(executor)), rules_(std::move(rules)), options_(std::move(options)) {
    if (const auto server = mcp::Url::parse(rules_.server_url)) {
      own_origin_ = server->origin();
      guarded_ = !mcp::is_loopback_host(server->host) && !rules_.private_addresses;
    }
    options_.max_body = kMaxAnswer;
    options_.max_connections = kMaxConnections;
    options_.max_idle = 1;
  }

  mcp::Task<mcp::Result<HttpAnswer>> send(HttpRequest request, mcp::Cancellation& cancellation) override {
    const auto url = mcp::Url::parse(request.url);
    if (!url) co_return std::unexpected(url.error());
    if (auto checked = check(*url); !checked) co_return std::unexpected(std::move(checked.error()));
    const Kept kept = client_for(*url);
    *kept.seen = {};
    mcp::HttpClientRequest message;
    message.method = request.method;
    message.target = url->target;
    message.body = request.body;
    for (const auto& [name, value] : request.headers)
      message.headers.emplace_back(name, value);
    if (url->origin() == own_origin_) add_server_headers(message.headers);
    auto response = co_await kept.client->send(std::move(message), cancellation);
    if (!response) {
      // Not out of reach, but out of bounds.
      if (kept.seen->refused && !kept.seen->allowed && !cancellation.requested())
        response.error().code = mcp::ErrorCode::config_invalid;
      if (response.error().code == mcp::ErrorCode::connect_failed && url->origin() != own_origin_)
        response.error().remedy = "The server names that address for its logins. Is it up, and can it be reached from here?";
      co_return std::unexpected(std::move(response.error()));
    }
    HttpAnswer answer;
    answer.status = (*response)->status();
    answer.content_type = (*response)->header("Content-Type");
    answer.location = (*response)->header("Location");
    answer.retry_after = (*response)->header("Retry-After");
    answer.challenge = (*response)->all_of("WWW-Authenticate");
    if (mcp::ascii_lower(answer.content_type).starts_with("text/event-stream")) co_return answer;
    auto body = co_await (*response)->read_all(cancellation, kMaxAnswer);
    if (!body) co_return std::unexpected(std::move(body.error()));
    answer.body = std::move(*body);
    co_return answer;
  }

 private:
  /// Of the addresses that a host's name led to.
  struct Seen {
    bool allowed = false;
    bool refused = false;
  };

  struct Kept {
    std::string origin;
    std::shared_ptr<mcp::HttpClient> client;
    std::shared_ptr<Seen> seen;
  };

  mcp::Result<> check(const mcp::Url& url) const {
    const std::string origin = url.origin();
    if (origin == own_origin_) return {};
    if (guarded_ && !mcp::name_may_be_public(url.host)) {
      return mcp::fail(mcp::ErrorCode::config_invalid,
                       "the server leads to " + origin + ", which is not on the internet: that is not asked.",
                       "Where its authorization server is meant to be there, allow private addresses in the server's \"oauth\".");
    }
    if (!url.tls() && !mcp::is_loopback_host(url.host)) {
      return mcp::fail(mcp::ErrorCode::config_invalid,
                       "the server leads to " + origin + ", which is not https: no login goes there.",
                       "Whoever runs the server has to correct that.");
    }
    return {};
  }

  void add_server_headers(mcp::HttpClientHeaders& headers) const {
    const std::size_t own = headers.size();
    for (const auto& [name, value] : rules_.server_headers) {
      const bool taken = std::any_of(headers.begin(), headers.begin() + static_cast<std::ptrdiff_t>(own), [&](const auto& header) {
        return mcp::equals_ignoring_case(header.first, name);
      });
      if (!taken && !mcp::equals_ignoring_case(name, "Authorization")) headers.emplace_back(name, value);
    }
  }

  /// The most recently used stand last.
  Kept client_for(const mcp::Url& url) {
    std::string origin = url.origin();
    const auto found = std::ranges::find(kept_, origin, &Kept::origin);
    if (found != kept_.end()) {
      std::rotate(found, found + 1, kept_.end());
      return kept_.back();
    }
    mcp::HttpClientOptions options = options_;
    auto seen = std::make_shared<Seen>();
    if (guarded_ && origin != own_origin_) {
      options.allows = [seen](const boost::asio::ip::address& address) {
        const bool allowed = mcp::is_public_address(address);
        (allowed ? seen->allowed : seen->refused) = true;
        return allowed;
      };
    }
    if (kept_.size() >= kMaxOrigins) kept_.erase(kept_.begin());
    kept_.push_back({std::move(origin), mcp::make_http_client(executor_, url, std::move(options)), std::move(seen)});
    return kept_.back();
  }

  mcp::Executor executor_;
  HttpRules rules_;
  mcp::HttpClientOptions options_;
  std::string own_origin_;
  bool guarded_ = true;
  std::vector<Kept> kept_;
};

}  // namespace

std::shared_ptr<Http> make_http(const mcp::Executor& executor, HttpRules rules, mcp::HttpClientOptions options) {
  return std::make_shared<RuledHttp>(executor, std::move(rules), std::move(options));
}

}  // namespace oauth
