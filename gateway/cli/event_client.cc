#include "gateway/cli/event_client.h"

#include <httplib.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "gateway/cli/http_failure.h"
#include "gateway/host/endpoint_url.h"
#include "mcp/http/sse_reader.h"
#include "mcp/http/url.h"
#include "mcp/json/text.h"

namespace gateway {

using Clock = std::chrono::steady_clock;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

namespace {

constexpr std::size_t kMostOfOne = std::size_t{64} << 20;
constexpr auto kSilence = std::chrono::seconds(40);  // the gateway shows a sign of life every 15 s

/// Breaks a request off at a time.
class Limit {
 public:
  Limit(httplib::Client& client, Clock::time_point until) {
    if (until == Clock::time_point::max()) return;
    thread_ = std::jthread([this, &client, until](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      ended_.wait_until(lock, stop, until, [] { return false; });
      if (!stop.stop_requested()) client.stop();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread thread_;
};

/// Takes the stream apart.
class Follower {
 public:
  explicit Follower(const std::function<bool(const StreamEvent&)>& on_event) : on_event_(on_event) {}

  bool take(std::string_view bytes) {
    const auto fed = reader_.feed(bytes, [this](mcp::SseEvent& event) {
      StreamEvent one{.id = std::string(event.id), .type = std::string(event.event), .data = std::move(event.data)};
      if (!mcp::validate_json(one.data)) return true;
      has_enough_ = !on_event_(one);
      return !has_enough_;
    });
    return fed && !has_enough_;
  }

  bool has_enough() const { return has_enough_; }

 private:
  const std::function<bool(const StreamEvent&)>& on_event_;
  mcp::SseReader reader_{kMostOfOne};
  bool has_enough_ = false;
};

mcp::Error refusal(const std::string& gateway, int status, const std::string& body) {
  const std::string_view error = mcp::validate_json(body) ? mcp::member(body, "error") : "";
  const auto text = [error](std::string_view member) { return mcp::decode_json_string(mcp::member(error, member)); };
  if (error.empty()) return {ErrorCode::http_status, gateway + " answered HTTP " + std::to_string(status) + " without events"};
  return {ErrorCode::http_status, text("message"), text("remedy"), std::string(error)};
}

}  // namespace

Result<FollowEnd> follow_events(const RunningGateway& gateway,
                                const std::string& server,
                                Clock::time_point deadline,
                                const std::function<bool(const StreamEvent&)>& on_event) {
  const auto url = mcp::Url::parse(gateway.admin_url);
  if (!url) return std::unexpected(url.error());
  httplib::Client client(url->host, url->port);
  client.set_tcp_nodelay(true);
  client.set_decompress(false);
  client.set_connection_timeout(std::chrono::seconds(5));
  const auto left = std::max<Clock::duration>(deadline - Clock::now(), std::chrono::milliseconds(1));
  client.set_read_timeout(std::chrono::ceil<std::chrono::milliseconds>(std::min<Clock::duration>(left, kSilence)));
  Follower follower(on_event);
  int status = 0;
  std::string refused;
  httplib::Request request;
  request.method = "GET";
  request.path = "/api/v1/events" + (server.empty() ? "" : "?server=" + percent_encode(server));
  request.headers = {{"Authorization", "Bearer " + gateway.token}, {"Accept", "text/event-stream"}};
  request.response_handler = [&status](const httplib::Response& response) {
    status = response.status;
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    if (status == 200) return follower.take({data, size});
    refused.append(data, size);
    return refused.size() < kMostOfOne;
  };
  const httplib::Result result = [&] {
    const Limit limit(client, deadline);
    return client.send(request);
  }();
  const std::string name = "the gateway (pid " + std::to_string(gateway.pid) + ", " + gateway.admin_url + ")";
  if (follower.has_enough()) return FollowEnd::enough;
  if (status != 0 && status != 200) return std::unexpected(refusal(name, status, refused));
  if (Clock::now() >= deadline) return FollowEnd::deadline;
  if (status == 200) return FollowEnd::closed;
  return fail(
      ErrorCode::connect_failed, name + " does not answer: " + http_failure(result.error()), "It may be stopping: try again.");
}

}  // namespace gateway
