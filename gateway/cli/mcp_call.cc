#include "gateway/cli/mcp_call.h"

#include <httplib.h>

#include <utility>

#include "gateway/cli/http_failure.h"
#include "mcp/http/sse_reader.h"
#include "mcp/http/url.h"
#include "mcp/json/text.h"
#include "mcp/rpc/message.h"
#include "mcp/session/http_access.h"
#include "mcp/types/protocol_version.h"

namespace gateway {

namespace {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;

constexpr std::size_t kMaxAnswer = std::size_t{80} << 20;  // the gateway's own bound on a message, and what wraps it
constexpr auto kConnectTime = std::chrono::seconds(5);
constexpr auto kSilence = std::chrono::seconds(60);  // the gateway shows a sign of life every 15 s

/// What came back for one POST.
struct Reply {
  int status = 0;
  std::string session;
  std::string body;  // of an answer that is no stream, or the response found in a stream
  bool stream = false;
  bool too_large = false;
};

/// A session of ours with the endpoint.
class McpSession {
 public:
  McpSession(const mcp::Url& url, const std::string& token, const GatewayAccess::OnProgress& on_progress)
      : client_(url.host, url.port),
        target_(url.target),
        address_(url.origin() + url.target),
        token_(token),
        on_progress_(on_progress) {
    client_.set_tcp_nodelay(true);
    client_.set_keep_alive(true);
    client_.set_decompress(false);
    client_.set_connection_timeout(kConnectTime);
    client_.set_read_timeout(kSilence);
    client_.set_write_timeout(kSilence);
  }

  ~McpSession() {
    if (session_.empty()) return;
    httplib::Request request = make_request("DELETE", "");
    client_.send(request);
  }

  McpSession(const McpSession&) = delete;
  McpSession& operator=(const McpSession&) = delete;

  Result<std::string> open() {
    const std::string hello = R"({"protocolVersion":")" + std::string(mcp::to_string(mcp::kLatestVersion)) +
                              R"(","capabilities":{},"clientInfo":{"name":"switchyard call","version":")" SWITCHYARD_VERSION
                              R"("}})";
    auto answer = ask("1", "initialize", hello);
    if (!answer || !mcp::member(*answer, "error").empty()) return answer;
    if (auto sent = post(Message::notification("notifications/initialized", {})); !sent) {
      return std::unexpected(std::move(sent).error());
    }
    return answer;
  }

  /// The response's text.
  Result<std::string> ask(std::string_view id, std::string_view method, const std::string& params) {
    auto reply = post(Message::request(id, method, params));
    if (!reply) return std::unexpected(std::move(reply).error());
    if (!reply->session.empty()) session_ = reply->session;
    if (reply->too_large) return fail(ErrorCode::too_large, "the answer is larger than 80 MiB");
    if (!mcp::validate_json(reply->body) || !reply->body.starts_with('{')) {
      return fail(
          ErrorCode::http_status,
          "the gateway at " + address_ + " answered HTTP " + std::to_string(reply->status) + " without a JSON-RPC response");
    }
    return std::move(reply->body);
  }

 private:
  httplib::Request make_request(const char* method, std::string body) const {
    httplib::Request request;
    request.method = method;
    request.path = target_;
    request.headers = {{"Accept", "application/json, text/event-stream"},
                       {"MCP-Protocol-Version", std::string(mcp::to_string(mcp::kLatestVersion))}};
    if (!token_.empty()) request.headers.emplace("Authorization", "Bearer " + token_);
    if (!session_.empty()) request.headers.emplace("Mcp-Session-Id", session_);
    if (!body.empty()) request.headers.emplace("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
  }

  Result<Reply> post(const Message& message) {
    Reply reply;
    mcp::SseReader reader(kMaxAnswer);
    bool answered = false;
    httplib::Request request = make_request("POST", std::string(message.text()));
    request.response_handler = [&reply](const httplib::Response& response) {
      reply.status = response.status;
      reply.session = response.get_header_value("Mcp-Session-Id");
      reply.stream = mcp::is_media_type(response.get_header_value("Content-Type"), "text/event-stream");
      return true;
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      const std::string_view bytes(data, size);
      if (!reply.stream) {
        reply.too_large = reply.body.size() + size > kMaxAnswer;
        if (!reply.too_large) reply.body += bytes;
        return !reply.too_large;
      }
      reply.too_large = !reader.feed(bytes, [&](mcp::SseEvent& event) { return !(answered = take(event.data, reply)); });
      return !reply.too_large;
    };
    const httplib::Result result = client_.send(request);
    if (answered || reply.too_large || (result && !reply.stream)) {
      if (result && reply.status == 0) reply.status = result->status;
      return reply;
    }
    if (reply.status == 0) {
      return fail(ErrorCode::connect_failed,
                  "the gateway at " + address_ + " does not answer: " + http_failure(result.error()),
                  "It may be stopping: try again.");
    }
    return fail(ErrorCode::connection_lost, "the gateway at " + address_ + " broke off before its answer", "Try again.");
  }

  /// Takes one message of a stream; true for the response.
  bool take(std::string& text, Reply& reply) const {
    if (!mcp::validate_json(text)) return false;
    const std::string_view method = mcp::member(text, "method");
    if (method.empty() && !mcp::member(text, "id").empty()) {
      reply.body = std::move(text);
      return true;
    }
    if (method == "\"notifications/progress\"" && on_progress_) on_progress_(mcp::member(text, "params"));
    return false;
  }

  httplib::Client client_;
  std::string target_, address_, session_;
  const std::string& token_;
  const GatewayAccess::OnProgress& on_progress_;
};

}  // namespace

Result<std::string> call_over_http(const std::string& url,
                                   const std::string& token,
                                   const ToolQuestion& question,
                                   const GatewayAccess::OnProgress& on_progress) {
  const auto parsed = mcp::Url::parse(url);
  if (!parsed) return std::unexpected(parsed.error());
  McpSession session(*parsed, token, on_progress);
  auto opened = session.open();
  if (!opened || !mcp::member(*opened, "error").empty()) return opened;
  const std::string params = "{\"name\":" + mcp::json_string(question.tool) + ",\"arguments\":" + question.arguments +
                             R"(,"_meta":{"progressToken":"call"}})";
  return session.ask("2", "tools/call", params);
}

}  // namespace gateway
