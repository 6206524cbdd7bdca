#include "gateway/routing/router.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/client_session.h"

namespace gateway {

using mcp::CallContext;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kOwnInfo = R"({"name":"switchyard","title":"Switchyard","version":")" SWITCHYARD_VERSION R"("})";

std::string introduction_json(mcp::ProtocolVersion version, std::string_view server_info, const std::string& instructions) {
  std::string json = R"({"protocolVersion":")";
  json += to_string(version);
  json += R"(","capabilities":{"tools":{"listChanged":true}},"serverInfo":)";
  json += server_info;
  if (!instructions.empty()) {
    json += ",\"instructions\":";
    mcp::append_json_string(json, instructions);
  }
  json += '}';
  return json;
}

Task<void> tell_settled(std::shared_ptr<View> view, Clock::time_point deadline, std::shared_ptr<mcp::Event> over) {
  co_await view->wait_settled(deadline);
  over->set();
}

}  // namespace

Router::Router(RouterContext context, std::shared_ptr<View> view)
    : context_(std::move(context)), view_(view), subscription_(std::move(view), *this) {}

Router::Method Router::find_method(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Method>, 4> kMethods = {{
      {"tools/call", &Router::call_tool},
      {"tools/list", &Router::list_tools},
      {"ping", &Router::ping},
      {"initialize", &Router::initialize},
  }};
  for (const auto& [known, method] : kMethods) {
    if (known == name) return method;
  }
  return &Router::unsupported;
}

Task<Result<Message>> Router::handle(Message request, CallContext& context) {
  const Method method = find_method(request.method());
  return (this->*method)(std::move(request), context);
}

void Router::notice(Message, CallContext&) {}

Task<Result<Message>> Router::initialize(Message request, CallContext& context) {
  if (const std::string instance = mcp::instance_of(request); !instance.empty() && instance == context_.instance) {
    co_return fail(ErrorCode::config_invalid,
                   "this is the very gateway that asks: one of its servers is the gateway itself",
                   "Take that server out of the configuration.");
  }
  if (!view_->naming().own_names) {
    const std::string result = introduction_json(context.caller().version, kOwnInfo, {});
    co_return Message::result(request.id(), result);
  }
  // One server shown as it is: what it says of itself comes from the server.
  const auto runtime = view_->members().front();
  co_await wait_for_first_start(context);
  const auto& introduction = runtime->introduction();
  if (!introduction) co_return std::unexpected(runtime->unavailable());
  const std::string result = introduction_json(context.caller().version, introduction->server_info, introduction->instructions);
  co_return Message::result(request.id(), result);
}

Task<Result<Message>> Router::ping(Message request, CallContext&) {
  co_return Message::result(request.id(), "{}");
}

Task<Result<Message>> Router::unsupported(Message request, CallContext&) {
  const std::string method(request.method().substr(0, 80));
  co_return Message::error(request.id(), mcp::kMethodNotFound, "Method \"" + method + "\" is not supported by this gateway yet");
}

/// Ends early when the request is cancelled.
Task<void> Router::wait_for_first_start(CallContext& context) {
  if (view_->settled()) co_return;
  auto over = std::make_shared<mcp::Event>(context_.executor);
  const auto deadline = Clock::now() + context_.startup_wait;
  boost::asio::co_spawn(context_.executor, tell_settled(view_, deadline, over), boost::asio::detached);
  const mcp::Cancellation::Callback cancelled(context.cancellation(), [&over] { over->set(); });
  co_await over->wait();
}

Task<Result<Message>> Router::list_tools(Message request, CallContext& context) {
  if (!std::exchange(listed_, true)) co_await wait_for_first_start(context);
  const auto cursor = request.raw(request.envelope().cursor);
  if (!cursor.empty() && cursor.front() != '"') co_return fail(ErrorCode::invalid_params, "params.cursor must be a string");
  const std::string decoded = mcp::decode_json_string(cursor);
  const auto projection = view_->projection();
  const auto page = projection->page(decoded, context_.list_page_size);
  if (!page) co_return std::unexpected(page.error());
  // Pages of two lists make none that could be compared.
  known_ = cursor.empty() || projection == known_ ? projection : nullptr;
  co_return Message::result(request.id(), *page);
}

void Router::list_changed() {
  const auto session = session_.lock();
  if (!session || !session->initialized()) return;
  if (known_ && known_->same_list(*view_->projection())) return;
  session->push(Message::notification("notifications/tools/list_changed", {}));
}

}  // namespace gateway
