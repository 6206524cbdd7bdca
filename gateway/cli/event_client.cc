#include "gateway/cli/event_client.h"

#include <httplib.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "gateway/cli/admin_request.h"
#include "gateway/host/endpoint_url.h"
#include "mcp/http/sse_reader.h"
#include "mcp/json/text.h"

namespace gateway {

using Clock = std::chrono::steady_clock;
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

}  // namespace

std::vector<std::string_view> servers_in(const StreamEvent& event) {
  if (event.type == "snapshot") return mcp::elements(mcp::member(event.data, "servers"));
  if (event.type == "server") return {mcp::member(event.data, "server")};
  return {};
}

Result<FollowEnd> follow_events(const RunningGateway& gateway,
                                const std::string& server,
                                Clock::time_point deadline,
                                const std::function<bool(const StreamEvent&)>& on_event) {
  const auto left = std::clamp<Clock::duration>(deadline - Clock::now(), std::chrono::milliseconds(1), kSilence);
  const auto client = open_admin(gateway, std::chrono::ceil<std::chrono::milliseconds>(left));
  if (!client) return std::unexpected(client.error());
  Follower follower(on_event);
  int status = 0;
  std::string refused;
  const std::string query = server.empty() ? "" : "?server=" + percent_encode(server);
  httplib::Request request = admin_request(gateway, "GET", "/api/v1/events" + query);
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
    const Limit limit(**client, deadline);
    return (*client)->send(request);
  }();
  if (follower.has_enough()) return FollowEnd::enough;
  if (status != 0 && status != 200) return std::unexpected(refusal(gateway, status, refused));
  if (Clock::now() >= deadline) return FollowEnd::deadline;
  if (status == 200) return FollowEnd::closed;
  return std::unexpected(no_answer(gateway, result.error()));
}

}  // namespace gateway
