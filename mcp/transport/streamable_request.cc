// StreamableConnection: how a request is sent, and sent again where the server refuses its Authorization.
#include <string>
#include <utility>

#include "mcp/base/ascii.h"
#include "mcp/base/login_reason.h"
#include "mcp/transport/challenge.h"
#include "mcp/transport/streamable_connection.h"

namespace mcp {
namespace {

constexpr int kMaxTries = 3;

}  // namespace

Task<Result<StreamableConnection::Response>> StreamableConnection::send(Request& request, Cancellation& cancellation) {
  const bool known = !options_.authorizer || options_.authorizer->at_once(request.authorization);
  return known ? send_now(request, cancellation) : send_when_authorized(request, cancellation);
}

Task<Result<StreamableConnection::Response>> StreamableConnection::send_when_authorized(Request& request,
                                                                                        Cancellation& cancellation) {
  const auto self = shared_from_this();
  auto header = co_await options_.authorizer->obtain(cancellation);
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (!header) co_return std::unexpected(std::move(header.error()));
  request.authorization = std::move(*header);
  co_return co_await send_now(request, cancellation);
}

bool StreamableConnection::refused(const Result<Response>& response) const {
  if (!options_.authorizer || !response) return false;
  const int status = (*response)->status();
  return status == 401 || (status == 403 && wants_more_scope((*response)->all_of("WWW-Authenticate")));
}

Task<Result<StreamableConnection::Response>> StreamableConnection::send_again(Request& request,
                                                                              Response refusal,
                                                                              Cancellation& cancellation) {
  const auto self = shared_from_this();
  for (;;) {
    const int status = refusal->status();
    Authorizer::Refusal told{status, refusal->all_of("WWW-Authenticate"), request.authorization, ++request.refusals};
    settle(std::move(refusal));
    auto go_on = co_await options_.authorizer->refused(std::move(told), cancellation);
    if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
    if (!go_on) co_return std::unexpected(std::move(go_on.error()));
    if (request.refusals >= kMaxTries) {
      co_return fail(ErrorCode::reauthentication_required,
                     origin_ + " refuses whatever it is given as Authorization (HTTP " + std::to_string(status) + ").",
                     std::string(kLoginRemedy));
    }
    auto response = co_await send(request, cancellation);
    if (!refused(response)) co_return response;
    refusal = std::move(*response);
  }
}

Task<Result<StreamableConnection::Response>> StreamableConnection::send_to_the_end(Request request,
                                                                                   std::string last_event_id,
                                                                                   Cancellation& cancellation) {
  request.last_event_id = last_event_id;
  auto response = co_await send(request, cancellation);
  if (!refused(response)) co_return response;
  co_return co_await send_again(request, std::move(*response), cancellation);
}

Task<Result<StreamableConnection::Response>> StreamableConnection::get(std::string last_event_id, Cancellation& cancellation) {
  Request request{.method = "GET"};
  return send_to_the_end(std::move(request), std::move(last_event_id), cancellation);
}

Task<Result<StreamableConnection::Response>> StreamableConnection::remove(Cancellation& cancellation) {
  Request request{.method = "DELETE"};
  return send_to_the_end(std::move(request), {}, cancellation);
}

Task<Result<StreamableConnection::Response>> StreamableConnection::send_now(const Request& request, Cancellation& cancellation) {
  HttpClientRequest out{.method = request.method, .body = request.body, .control = request.kind == Kind::control};
  if (request.method == "POST") {
    out.target = post_target_;
    add_post_headers(out, request.authorization);
  } else {
    out.headers = common_headers(request.authorization);
    if (request.method == "GET") out.headers.emplace_back("Accept", "text/event-stream");
    if (!request.last_event_id.empty()) out.headers.emplace_back("Last-Event-ID", request.last_event_id);
  }
  return http_->send(std::move(out), cancellation);
}

/// They are made once for all requests with the same Authorization.
void StreamableConnection::add_post_headers(HttpClientRequest& out, const Authorizer::Header& authorization) {
  if (!post_lines_ || post_authorization_ != authorization) {
    auto headers = common_headers(authorization);
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Accept", "application/json, text/event-stream");
    auto lines = std::make_shared<std::string>();
    post_lines_.reset();
    if (format_header_lines(*lines, origin_, headers)) {
      post_lines_ = std::move(lines);
      post_authorization_ = authorization;
    } else {
      out.headers = std::move(headers);  // the request will say what is wrong with them
    }
  }
  out.header_lines = post_lines_;
}

/// What the authorizer gives takes the place of what the configuration has.
HttpClientHeaders StreamableConnection::common_headers(const Authorizer::Header& authorization) const {
  HttpClientHeaders headers;
  headers.reserve(options_.headers.size() + 5);
  for (const auto& [name, value] : options_.headers) {
    if (!authorization || !equals_ignoring_case(name, "Authorization")) headers.emplace_back(name, value);
  }
  if (authorization) headers.emplace_back("Authorization", *authorization);
  if (!version_.empty()) headers.emplace_back("MCP-Protocol-Version", version_);
  if (!session_.empty()) headers.emplace_back("Mcp-Session-Id", session_);
  return headers;
}

}  // namespace mcp
