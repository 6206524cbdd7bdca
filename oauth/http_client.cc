#include "oauth/http_client.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "mcp/http/url.h"

namespace oauth {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v6;

constexpr std::size_t kMaxAnswer = std::size_t{1} << 20;
constexpr std::size_t kMaxOrigins = 8;
constexpr std::size_t kMaxConnections = 4;

struct Block {
  std::uint32_t first;
  int bits;
};

// Those of the IANA registry of special-purpose addresses that are not globally reachable, multicast, and what is reserved.
constexpr auto kNotPublic = std::to_array<Block>({
    {0x00000000, 8},   // "this network"
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // shared by a provider's customers
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // protocol assignments
    {0xC0000200, 24},  // documentation
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarks
    {0xC6336400, 24},  // documentation
    {0xCB007100, 24},  // documentation
    {0xE0000000, 4},   // multicast
    {0xF0000000, 4},   // reserved, broadcast
});

bool is_public_v4(std::uint32_t number) {
  return std::ranges::none_of(kNotPublic, [&](const Block& block) { return (number ^ block.first) >> (32 - block.bits) == 0; });
}

bool is_public_v6(const address_v6& v6) {
  const auto bytes = v6.to_bytes();
  const auto embedded = [&](std::size_t at) {
    return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
  };
  const auto zeros = [&](std::size_t begin, std::size_t end) {
    return std::all_of(bytes.begin() + begin, bytes.begin() + end, [](unsigned char byte) { return byte == 0; });
  };
  // IPv4-mapped, IPv4-compatible (:: and ::1 among them), NAT64, 6to4: each stands for an IPv4 address.
  if (zeros(0, 10) && bytes[10] == 0xFF && bytes[11] == 0xFF) return is_public_v4(embedded(12));
  if (zeros(0, 12)) return is_public_v4(embedded(12));
  if (bytes[0] == 0x00 && bytes[1] == 0x64 && bytes[2] == 0xFF && bytes[3] == 0x9B)
    return zeros(4, 12) && is_public_v4(embedded(12));
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_v4(embedded(2));
  // Of the rest, 2000::/3 alone is global; Teredo and documentation within it are not.
  if ((bytes[0] & 0xE0) != 0x20) return false;
  const bool teredo = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0 && bytes[3] == 0;
  const bool documentation = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8;
  return !teredo && !documentation;
}

/// Whether a host is, by its name alone, none of the internet's.
bool is_private_name(const std::string& host) {
  std::string_view name = host;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  boost::system::error_code error;
  const address literal = boost::asio::ip::make_address(host, error);
  return !error && !is_public_address(literal);
}

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
    const std::shared_ptr<mcp::HttpClient> client = client_for(*url);
    mcp::HttpClientRequest message;
    message.method = request.method;
    message.target = url->target;
    message.body = request.body;
    for (const auto& [name, value] : request.headers)
      message.headers.emplace_back(name, value);
    auto response = co_await client->send(std::move(message), cancellation);
    if (!response) co_return std::unexpected(std::move(response.error()));
    HttpAnswer answer;
    answer.status = (*response)->status();
    answer.content_type = (*response)->header("Content-Type");
    answer.location = (*response)->header("Location");
    answer.retry_after = (*response)->header("Retry-After");
    answer.challenge = (*response)->all_of("WWW-Authenticate");
    auto body = co_await (*response)->read_all(cancellation, kMaxAnswer);
    if (!body) co_return std::unexpected(std::move(body.error()));
    answer.body = std::move(*body);
    co_return answer;
  }

 private:
  struct Kept {
    std::string origin;
    std::shared_ptr<mcp::HttpClient> client;
  };

  mcp::Result<> check(const mcp::Url& url) const {
    const std::string origin = url.origin();
    if (origin == own_origin_) return {};
    if (guarded_ && is_private_name(url.host)) {
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

  /// The most recently used stand last.
  std::shared_ptr<mcp::HttpClient> client_for(const mcp::Url& url) {
    std::string origin = url.origin();
    const auto found = std::ranges::find(kept_, origin, &Kept::origin);
    if (found != kept_.end()) {
      std::rotate(found, found + 1, kept_.end());
      return kept_.back().client;
    }
    mcp::HttpClientOptions options = options_;
    if (guarded_ && origin != own_origin_) options.allows = is_public_address;
    if (kept_.size() >= kMaxOrigins) kept_.erase(kept_.begin());
    kept_.push_back({std::move(origin), mcp::make_http_client(executor_, url, std::move(options))});
    return kept_.back().client;
  }

  mcp::Executor executor_;
  HttpRules rules_;
  mcp::HttpClientOptions options_;
  std::string own_origin_;
  bool guarded_ = true;
  std::vector<Kept> kept_;
};

}  // namespace

bool is_public_address(const address& address) {
  return address.is_v4() ? is_public_v4(address.to_v4().to_uint()) : is_public_v6(address.to_v6());
}

std::shared_ptr<Http> make_http(const mcp::Executor& executor, HttpRules rules, mcp::HttpClientOptions options) {
  return std::make_shared<RuledHttp>(executor, std::move(rules), std::move(options));
}

}  // namespace oauth
