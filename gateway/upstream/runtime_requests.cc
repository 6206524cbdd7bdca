// Runtime: the requests of clients on their way to the server.
#include <algorithm>
#include <memory>
#include <utility>

#include "gateway/upstream/deadline.h"
#include "gateway/upstream/login_advice.h"
#include "gateway/upstream/runtime.h"
#include "gateway/upstream/session_check.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::Event;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kUndoTime = std::chrono::seconds(5);  // for a subscription that is one too many to be taken back

/// May this method be sent again where its first try was lost? What calls code of the server's never.
bool is_safe(std::string_view method) {
  return method == "ping" || method.ends_with("/list") || method == "resources/read" || method == "prompts/get" ||
         method == "completion/complete" || method == "resources/subscribe" || method == "resources/unsubscribe";
}

}  // namespace

/// What ended the server is for whoever looks after it; a caller hears what it means for the call.
Error Runtime::for_caller(Error error) const {
  error = with_login_advice(live_->redaction().clean(std::move(error)), spec());
  if (error.code == ErrorCode::exited) {
    error.remedy = "The call may or may not have run. Try again in a moment, when the server has been started again.";
  } else if (error.code == ErrorCode::session_lost) {
    error.remedy = "A new session is being opened. Where the call could do harm twice, check whether it ran before you repeat it.";
  }
  return error;
}

Task<Result<std::shared_ptr<mcp::ClientSession>>> Runtime::ready_session(mcp::CallContext& context) {
  if (state_ == RuntimeState::dormant) wake();
  while (state_ == RuntimeState::starting) {
    Event wake(dependencies_.executor);
    waiters_.insert(&wake);
    const mcp::Cancellation::Callback cancelled(context.cancellation(), [&wake] { wake.set(); });
    const bool woken = co_await wake.wait_until(context.deadline);
    waiters_.erase(&wake);
    if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
    if (!woken)
      co_return fail(ErrorCode::timeout, "server \"" + spec().name.str() + "\" is still starting", "Try again in a moment.");
  }
  if (retired_ && stopping_.is_set()) co_return std::unexpected(retired_->reason);
  auto session = live_session();
  if (!session) co_return std::unexpected(stopping_.is_set() && session_ ? stop_reason_ : unavailable());
  co_return session;
}

/// Whether the server shows this tool only to clients that it can ask something.
bool Runtime::is_for_askable(std::string_view tool) const {
  const auto& tools = catalog()->tools();
  const auto found = std::ranges::find(tools, tool, &CatalogEntry::key);
  return found != tools.end() && !found->only_for.empty();
}

/// Sets `way` to the one that this request is to go.
Task<Result<>> Runtime::choose_way(const Message& request, mcp::CallContext& context, ServerClients::Way& way) {
  const std::string method(request.method());
  way.own.reset();
  auto session = co_await ready_session(context);
  if (!session) co_return std::unexpected(std::move(session).error());
  auto chosen = co_await clients_->choose(std::move(*session), context, method);
  if (!chosen) co_return std::unexpected(with_login_advice(live_->redaction().clean(std::move(chosen).error()), spec()));
  way.session = std::move(chosen->session);
  if (chosen->own) way.own.emplace(std::move(*chosen->own));
  if (!way.own && method == "tools/call" && is_for_askable(request.name())) {
    co_return fail(ErrorCode::overloaded,
                   "server \"" + spec().name.str() + "\" has no session free for one more client that can be asked, and shows \"" +
                       std::string(request.name()) + "\" only to such clients",
                   "Try again when other clients have ended.");
  }
  co_return Result<>();
}

/// choose_way(), whose time is not the server's.
Task<Result<>> Runtime::wait_for_way(const Message& request, mcp::CallContext& context, ServerClients::Way& way) {
  const auto began = mcp::Clock::now();
  auto chosen = co_await choose_way(request, context, way);
  context.waited += mcp::Clock::now() - began;
  co_return chosen;
}

/// What an answer says of the server, and of the session it came on.
void Runtime::note_answer(ServerClients::Way& way, const Result<Message>& answer, mcp::Clock::time_point answered) {
  const auto before = breaker_.state();
  if (answer) {
    breaker_.succeeded();
  } else {
    breaker_.failed(answer.error().code, answered);
  }
  if (breaker_.state() != before && observer_.progressed) observer_.progressed(*this);
  if (way.own) {
    clients_->answered(*way.own, answer);
  } else if (!answer) {
    after_failure(way.session, answer.error());
  } else if (refuses_session(*answer)) {
    start_probe(way.session);
  }
}

/// Waits until a call may go in. An error says so to the caller.
Task<Result<>> Runtime::wait_for_place(mcp::CallContext& context, CallGate::Place& place) {
  const auto began = mcp::Clock::now();
  auto entered = co_await gate_.enter(context, place);
  context.waited += mcp::Clock::now() - began;
  if (!entered) co_return std::unexpected(for_caller(std::move(entered).error()));
  if (retired_) co_return std::unexpected(retired_->reason);
  co_return Result<>();
}

/// A request that was not sent is the successor's, where there is one; else it fails with `failure`. What it is given is the
/// caller's, who waits for it.
Task<Result<Message>> Runtime::pass_on(Message&& request, mcp::CallContext& context, Admission&& admission, mcp::Error&& failure) {
  const auto next = retired_ && !context.cancellation().requested() ? retired_->successor.lock() : nullptr;
  if (!next) co_return std::unexpected(std::move(failure));
  // From here on nothing waits for it here, and this may end.
  admission.place = {};
  admission.lease = {};
  co_return co_await next->handle(std::move(request), context);
}

Task<Result<Message>> Runtime::handle(Message request, mcp::CallContext& context) {
  if (isolates() || stopping_.is_set()) return handle_elsewhere(std::move(request), context);
  return send(std::move(request), context, nullptr);
}

/// Most calls need not wait for anything: then `place` and `way` are set.
bool Runtime::admits_at_once(const Message& request,
                             const mcp::CallContext& context,
                             CallGate::Place& place,
                             ServerClients::Way& way) {
  if (request.method() == "tools/call" && !place.taken() && !gate_.try_enter(place)) return false;
  if (breaker_.state() != CircuitBreaker::State::closed || context.caller().capabilities != "{}") return false;
  way.session = live_session();
  return way.session != nullptr;
}

/// Waits for a place and a way. An error says so to the caller.
Task<Result<>> Runtime::admit(const Message& request, mcp::CallContext& context, CallGate::Place& place, ServerClients::Way& way) {
  if (request.method() == "tools/call" && !place.taken()) {
    if (auto entered = co_await wait_for_place(context, place); !entered) co_return std::unexpected(std::move(entered).error());
    if (admits_at_once(request, context, place, way)) co_return Result<>();
  }
  if (!breaker_.admits(mcp::Clock::now())) co_return std::unexpected(circuit_open());
  const bool shares = context.caller().capabilities == "{}";
  way.session = shares ? live_session() : nullptr;
  if (way.session) co_return Result<>();
  auto chosen = co_await wait_for_way(request, context, way);
  if (!chosen) breaker_.failed(ErrorCode::cancelled, mcp::Clock::now());
  co_return chosen;
}

/// `taken`, where the caller wants to know: the way the answer came on. Such a request is not passed on. What seldom happens is
/// kept out of here: the memory that this function takes is asked for with every request.
Task<Result<Message>> Runtime::send(Message request, mcp::CallContext& context, ServerClients::Way* taken, mcp::RequestLink* link) {
  Admission admission{.lease = Lease(shared_from_this()), .place = {}};
  ServerClients::Way own_way;
  ServerClients::Way& way = taken != nullptr ? *taken : own_way;
  std::unique_ptr<Message> again;
  if (is_safe(request.method())) again = std::make_unique<Message>(request.clone());
  for (;;) {
    if (!admits_at_once(request, context, admission.place, way)) {
      auto admitted = co_await admit(request, context, admission.place, way);
      if (!admitted && taken != nullptr) co_return std::unexpected(std::move(admitted).error());
      if (!admitted) co_return co_await pass_on(std::move(request), context, std::move(admission), std::move(admitted).error());
    }
    const auto sent = mcp::Clock::now();
    auto answer = co_await way.session->handle(std::move(request), context, link);
    const auto answered = mcp::Clock::now();
    context.upstream += answered - sent;
    note_answer(way, answer, answered);
    if (answer) co_return std::move(*answer);
    const bool session_lost = answer.error().code == ErrorCode::session_lost;
    if (!session_lost || !again) co_return std::unexpected(for_caller(std::move(answer).error()));
    request = std::move(*again);
    again.reset();
  }
}

Task<Result<Message>> Runtime::subscribe(Message request, mcp::CallContext& context, std::string uri, std::string shown) {
  const auto handler = handler_for(context);
  if (!handler) co_return std::unexpected(handler.error());
  if (handler->get() != this)
    co_return co_await (*handler)->subscribe(std::move(request), context, std::move(uri), std::move(shown));
  const Lease lease(shared_from_this());
  ServerClients::Way way;
  const bool noted = clients_->subscribing(context, uri, shown);
  auto answer = co_await send(std::move(request), context, &way);
  const bool taken = answer && !answer->is_error();
  if (!taken && noted) clients_->not_subscribed(context, uri);
  if (!taken || clients_->subscribed(way, context, uri, std::move(shown))) co_return answer;
  const std::string params = "{\"uri\":" + mcp::json_string(uri) + "}";
  mcp::Cancellation cancellation;
  const Deadline deadline(dependencies_.executor, kUndoTime, [this] { return explain_timeout(); }, cancellation);
  co_await way.session->call("resources/unsubscribe", params, cancellation);
  co_return fail(ErrorCode::overloaded, "this client has too many subscriptions with server \"" + spec().name.str() + "\"");
}

Task<Result<Message>> Runtime::unsubscribe(Message request, mcp::CallContext& context, std::string uri) {
  const auto handler = handler_for(context);
  if (!handler) co_return std::unexpected(handler.error());
  if (handler->get() != this) co_return co_await (*handler)->unsubscribe(std::move(request), context, std::move(uri));
  const Lease lease(shared_from_this());
  // Others may still want to hear.
  if (!clients_->unsubscribed(context, uri)) co_return Message::result(request.id(), "{}");
  co_return co_await send(std::move(request), context, nullptr);
}

void Runtime::notice(Message notification, mcp::CallContext& context) {
  if (const auto session = live_session()) session->notice(std::move(notification), context);
}

}  // namespace gateway
