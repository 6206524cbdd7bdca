#include "gateway/inspect/endpoint_client.h"

#include "gateway/upstream/deadline.h"
#include "mcp/base/ascii.h"
#include "mcp/http/sse_reader.h"
#include "mcp/http/url.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMostBody = std::size_t{1} << 20;
constexpr std::string_view kEventStream = "text/event-stream";

std::string media_type(std::string_view value) {
  return mcp::ascii_lower(mcp::trim_blanks(value.substr(0, value.find(';'))));
}

/// The response in a text, where there is one.
std::optional<Message> response_in(const std::string& text) {
  auto message = Message::parse(text);
  if (!message || message->kind() != mcp::MessageKind::response) return std::nullopt;
  return std::move(*message);
}

}  // namespace

Result<std::unique_ptr<EndpointClient>> EndpointClient::create(const mcp::Executor& executor,
                                                               const HttpSpec& spec,
                                                               std::chrono::milliseconds patience,
                                                               std::shared_ptr<const mcp::ProxySettings> proxy) {
  auto url = mcp::Url::parse(spec.url);
  if (!url) return std::unexpected(std::move(url).error());
  std::unique_ptr<EndpointClient> client(new EndpointClient(executor, spec, patience));
  client->local_ = mcp::is_loopback_host(url->host);
  mcp::HttpClientOptions options;
  options.ca_file = spec.ca_file;
  options.proxy = std::move(proxy);
  client->client_ = mcp::make_http_client(executor, std::move(*url), std::move(options));
  return client;
}

mcp::HttpClientHeaders EndpointClient::all_headers(const Headers& headers) const {
  mcp::HttpClientHeaders all;
  for (const Headers* some : {&headers_, &headers}) {
    for (const auto& [name, value] : *some) {
      all.emplace_back(name, value);
    }
  }
  return all;
}

Task<Result<>> EndpointClient::read_stream(mcp::HttpClientResponse& response, HttpAnswer& answer, mcp::Cancellation& cancellation) {
  mcp::SseReader reader(kMostBody);
  while (!answer.message) {
    const auto piece = co_await response.read_some(cancellation);
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    const auto fed = reader.feed(*piece, [&](mcp::SseEvent& event) {
      answer.message = response_in(event.data);
      return !answer.message;
    });
    if (!fed) co_return std::unexpected(fed.error());
  }
  co_return Result<>();
}

Task<Result<>> EndpointClient::read_answer(mcp::HttpClientResponse& response, HttpAnswer& answer, mcp::Cancellation& cancellation) {
  if (answer.content_type == kEventStream) co_return co_await read_stream(response, answer, cancellation);
  auto body = co_await response.read_all(cancellation, kMostBody);
  if (!body) co_return std::unexpected(body.error());
  answer.body = std::move(*body);
  answer.message = response_in(answer.body);
  co_return Result<>();
}

Task<Result<HttpAnswer>> EndpointClient::post(const Message& message, const Headers& headers) {
  mcp::Cancellation cancellation;
  const auto late = [] { return mcp::Error{ErrorCode::timeout, "no answer"}; };
  const Deadline deadline(executor_, patience_, late, cancellation);
  mcp::HttpClientRequest request;
  request.method = "POST";
  request.headers = all_headers(headers);
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept", "application/json, text/event-stream");
  request.body = message.text();
  auto response = co_await client_->send(std::move(request), cancellation);
  if (!response) co_return std::unexpected(response.error());
  HttpAnswer answer;
  answer.status = (*response)->status();
  answer.content_type = media_type((*response)->header("Content-Type"));
  answer.session = (*response)->header("Mcp-Session-Id");
  answer.location = (*response)->header("Location");
  const auto read = co_await read_answer(**response, answer, cancellation);
  if (!read) co_return std::unexpected(read.error());
  co_return answer;
}

Task<Result<HttpAnswer>> EndpointClient::ask(std::string_view method, const Headers& headers) {
  mcp::Cancellation cancellation;
  const auto late = [] { return mcp::Error{ErrorCode::timeout, "no answer"}; };
  const Deadline deadline(executor_, patience_, late, cancellation);
  mcp::HttpClientRequest request;
  request.method = method;
  request.headers = all_headers(headers);
  if (method == "GET") request.headers.emplace_back("Accept", kEventStream);
  auto response = co_await client_->send(std::move(request), cancellation);
  if (!response) co_return std::unexpected(response.error());
  HttpAnswer answer;
  answer.status = (*response)->status();
  answer.content_type = media_type((*response)->header("Content-Type"));
  answer.location = (*response)->header("Location");
  co_return answer;
}

}  // namespace gateway
