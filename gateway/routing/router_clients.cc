// What a client holds beyond single requests: subscriptions, its log level, its roots; and what it is asked.
#include <utility>

#include "gateway/routing/question_text.h"
#include "gateway/routing/resource_answer.h"
#include "gateway/routing/router.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::CallContext;
using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kLevelWait = std::chrono::seconds(5);  // for servers to take a level
constexpr std::size_t kMaxUri = std::size_t{8} << 10;

std::string uri_of(const Message& request) {
  return mcp::decode_json_string(request.raw(request.envelope().uri));
}

bool takes_subscriptions(const Runtime& runtime) {
  const auto& introduction = runtime.introduction();
  // Of one that is not there yet nothing is known: the request waits for it.
  return !introduction || mcp::member(mcp::member(introduction->capabilities, "resources"), "subscribe") == "true";
}

}  // namespace

Router::~Router() {
  for (const auto& member : view_->everyone())
    member->forget(client_);
}

void Router::opened(const std::weak_ptr<mcp::ServerSession>& session) {
  session_ = session;
  client_ = session.lock()->caller();
}

Message Router::present(Message question) {
  return view_->naming().own_names ? std::move(question) : with_asker(std::move(question));
}

Task<Result<Message>> Router::subscribe(Message request, CallContext& context) {
  const std::string uri = uri_of(request);
  if (uri.empty()) co_return fail(ErrorCode::invalid_params, "resources/subscribe needs params.uri, a string");
  if (uri.size() > kMaxUri) co_return fail(ErrorCode::invalid_params, "params.uri is longer than 8 KiB");
  auto targets = co_await find_resource(uri, context);
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  if (targets.empty()) co_return refuse("resources/subscribe", unknown_resource(uri));
  const ServerName first = targets.front().runtime->spec().name;
  std::erase_if(targets, [](const ResourceTarget& target) { return !takes_subscriptions(*target.runtime); });
  if (targets.empty()) {
    Error error{ErrorCode::method_not_found, "server \"" + first.str() + "\" takes no subscriptions to its resources"};
    co_return refuse("resources/subscribe", std::move(error), first);
  }
  const auto owner = co_await find_owner(std::move(targets), uri, context);
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  if (!owner) co_return refuse("resources/subscribe", unknown_resource(uri));
  const ResourceTarget& target = *owner;
  const ServerName server = target.runtime->spec().name;
  const std::string own = mcp::json_string(target.uri);
  if (target.uri != uri) request.replace(&mcp::Envelope::uri, own);
  context.deadline = Clock::now() + target.runtime->spec().call_timeout;
  auto answer = co_await target.runtime->subscribe(std::move(request), context, target.uri, uri);
  record("resources/subscribe", server, answer);
  co_return answer;
}

/// Of servers that may have an unlisted resource, the one that can read it: some say yes to subscriptions to anything.
Task<std::optional<ResourceTarget>> Router::find_owner(std::vector<ResourceTarget> targets, std::string uri, CallContext& context) {
  if (targets.size() == 1) co_return std::move(targets.front());
  const std::string params = "{\"uri\":" + mcp::json_string(uri) + "}";
  for (ResourceTarget& target : targets) {
    Message reading = Message::request("0", "resources/read", params);
    const auto answer = co_await read_from(target, uri, std::move(reading), context);
    if (context.cancellation().requested()) break;
    if (answer && !answer->is_error() && has_contents(answer->raw(answer->envelope().result))) co_return std::move(target);
  }
  co_return std::nullopt;
}

Task<Result<Message>> Router::unsubscribe(Message request, CallContext& context) {
  const std::string uri = uri_of(request);
  if (uri.empty()) co_return fail(ErrorCode::invalid_params, "resources/unsubscribe needs params.uri, a string");
  // Where it was subscribed to, wherever the URI leads by now.
  std::optional<ResourceTarget> found;
  for (const auto& member : view_->everyone()) {
    const auto holder = member->held_by(client_);
    if (!holder) continue;
    if (auto own = holder->clients().subscription(client_.id, uri); own && !found) found = {member, std::move(*own)};
  }
  if (!found) {
    auto targets = resource_targets(uri);
    if (targets.empty()) co_return Message::result(request.id(), "{}");
    found = std::move(targets.front());
  }
  const ResourceTarget& target = *found;
  const std::string own = mcp::json_string(target.uri);
  if (target.uri != uri) request.replace(&mcp::Envelope::uri, own);
  context.deadline = Clock::now() + target.runtime->spec().call_timeout;
  auto answer = co_await target.runtime->unsubscribe(std::move(request), context, target.uri);
  record("resources/unsubscribe", target.runtime->spec().name, answer);
  co_return answer;
}

Task<Result<Message>> Router::set_level(Message request, CallContext& context) {
  const std::string_view level = mcp::member(request.raw(request.envelope().params), "level");
  const auto known = mcp::parse_logging_level(mcp::decode_json_string(level));
  if (!known) {
    co_return fail(ErrorCode::invalid_params,
                   "logging/setLevel needs params.level",
                   "One of debug, info, notice, warning, error, critical, alert, emergency.");
  }
  const std::string id(request.id());
  if (const auto session = session_.lock()) session->set_log_level(*known);
  if (const auto peer = context.peer()) {
    for (const auto& member : view_->members()) {
      if (const auto holder = member->held_by(client_)) holder->clients().add_listener(peer);
    }
    Errand errand = [peer](const std::shared_ptr<Runtime>& holder) { return holder->clients().level_changed(peer); };
    co_await for_each_ready(std::move(errand), context, Clock::now() + kLevelWait);
  }
  co_return Message::result(id, "{}");
}

void Router::notice(Message notification, CallContext& context) {
  if (notification.method() != "notifications/roots/list_changed") return;
  for (const auto& member : view_->everyone()) {
    if (const auto holder = member->held_by(client_)) holder->clients().roots_changed(context.caller());
  }
}

}  // namespace gateway
