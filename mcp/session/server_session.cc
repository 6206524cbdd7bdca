#include "mcp/session/server_session.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <set>
#include <utility>
#include <vector>

#include "mcp/adapt/adapt.h"
#include "mcp/base/ascii.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/rpc/meta.h"

namespace mcp {

namespace {

// What a session keeps of its client's introduction lives as long as the session.
constexpr std::size_t kMaxCapabilities = std::size_t{64} << 10;
constexpr std::size_t kMaxClientName = 200;

std::uint64_t next_session_id() {
  static std::atomic<std::uint64_t> last = 0;  // there may be more than one loop
  return ++last;
}

/// Why it could not be said for certain what is asked: what one reader shows to a person another might not. A member may occur
/// once, in whatever spelling, and those that say what is asked only as they are spelled in the specification.
Result<> check_wording(const Message& question) {
  static constexpr std::string_view kTelling[] = {
      "message", "mode", "url", "elicitationId", "requestedSchema", "messages", "systemPrompt"};
  std::set<std::string> seen;
  Result<> checked;
  for_each_member(question.raw(question.envelope().params), [&](std::string_view key, std::string_view) {
    const std::string name = decode_json_string("\"" + std::string(key) + "\"");
    const bool twice = !seen.insert(name).second;
    const bool disguised = std::ranges::any_of(
        kTelling, [&](std::string_view telling) { return key != telling && equals_ignoring_case(name, telling); });
    if (twice) checked = fail(ErrorCode::invalid_request, "a member of the question's params occurs twice");
    if (disguised) checked = fail(ErrorCode::invalid_request, "params.\"" + name + "\" of the question is spelled in another way");
    return checked.has_value();
  });
  return checked;
}

/// May this client be asked that (MCP 2025-11-25, "Capability Negotiation")? An elicitation names its mode; without one it is a
/// form, which also {} stands for.
Result<> may_ask(const Caller& caller, const Message& request) {
  const std::string_view method = request.method();
  const std::string_view capability = method == "sampling/createMessage" ? "sampling"
                                      : method == "elicitation/create"   ? "elicitation"
                                      : method == "roots/list"           ? "roots"
                                                                         : "";
  const std::string_view declared = capability.empty() ? capability : member(caller.capabilities, capability);
  if (!declared.starts_with('{')) {
    return fail(ErrorCode::method_not_found, "the client cannot be asked for " + std::string(method.substr(0, 80)));
  }
  if (capability != "elicitation") return {};
  const std::string mode = decode_json_string(member(request.raw(request.envelope().params), "mode"));
  const bool forms = member(declared, "form").starts_with('{') || member(declared, "url").empty();
  const bool known = mode == "url" ? member(declared, "url").starts_with('{') : (mode.empty() || mode == "form") && forms;
  if (known) return {};
  return fail(ErrorCode::invalid_params,
              "the client does not take elicitations of the mode \"" + (mode.empty() ? "form" : mode.substr(0, 80)) + "\"");
}

/// Two spellings of one id must meet in the table.
std::string id_key(std::string_view id) {
  if (id.find('\\') == std::string_view::npos) return std::string(id);
  return json_string(decode_json_string(id));
}

}  // namespace

/// An open request; lives in the frame of serve().
class ServerSession::Call final : public CallContext {
 public:
  Call(ServerSession& session, std::string key, Outlet outlet)
      : session_(session.shared_from_this()), caller_(session.caller_), key_(std::move(key)), outlet_(std::move(outlet)) {
    session_->in_flight_.emplace(key_, this);
  }

  ~Call() override {
    session_->in_flight_.erase(key_);
    session_->questions_->forget(this);
  }

  /// What was asked on the request's behalf ends with it.
  void ended() { session_->questions_->drop(this, {ErrorCode::cancelled, "the request that this belongs to has ended"}); }

  const Caller& caller() const override { return *caller_; }

  void notify(Message notification) override {
    if (cancellation().requested() || !adapt_notification(notification, session_->hop())) return;
    if (!outlet_(std::move(notification))) {
      cancellation().request({ErrorCode::overloaded, "the client is gone or does not read what it asked for"});
    }
  }

  Task<Result<Message>> ask(Message request, Question& question) override {
    return session_->ask_by(outlet_, this, std::move(request), question);
  }

  std::shared_ptr<ClientPeer> peer() override { return session_; }

  bool taken_back = false;  // by the client's own notifications/cancelled

 private:
  std::shared_ptr<ServerSession> session_;
  std::shared_ptr<const Caller> caller_;
  std::string key_;
  Outlet outlet_;
};

/// The context of a notification.
class ServerSession::NoticeContext final : public CallContext {
 public:
  explicit NoticeContext(ServerSession& session) : session_(session.shared_from_this()) {}

  const Caller& caller() const override { return session_->caller(); }

  void notify(Message notification) override { session_->push(std::move(notification)); }

  Task<Result<Message>> ask(Message request, Question& question) override { return session_->ask(std::move(request), question); }

  std::shared_ptr<ClientPeer> peer() override { return session_; }

 private:
  std::shared_ptr<ServerSession> session_;
};

std::shared_ptr<ServerSession> ServerSession::create(std::shared_ptr<SessionHandler> handler, ServerSessionOptions options) {
  auto session = std::shared_ptr<ServerSession>(new ServerSession(std::move(handler), std::move(options)));
  session->handler_->opened(session);
  return session;
}

ServerSession::ServerSession(std::shared_ptr<SessionHandler> handler, ServerSessionOptions options)
    : handler_(std::move(handler)),
      options_(std::move(options)),
      caller_(std::make_shared<Caller>()),
      questions_(std::make_shared<ClientQuestions>(options_.max_questions)) {
  caller_->id = next_session_id();
  caller_->principal = options_.principal;
  caller_->session = options_.label;
}

Hop ServerSession::hop() const {
  return {.from = kLatestVersion, .to = caller_->version};
}

Result<> ServerSession::introduce(const Message& request) {
  if (introducing_) return fail(ErrorCode::invalid_request, "initialize is already being answered in this session");
  if (initialized_)
    return fail(ErrorCode::invalid_request, "initialize was already answered in this session", "Open a new session.");
  const std::string_view params = request.raw(request.envelope().params);
  const std::string_view wanted = member(params, "protocolVersion");
  if (wanted.empty() || wanted.front() != '"') {
    return fail(ErrorCode::invalid_params, "initialize needs params.protocolVersion, a string");
  }
  caller_->version = parse_protocol_version(decode_json_string(wanted)).value_or(kLatestVersion);
  const std::string_view capabilities = member(params, "capabilities");
  if (capabilities.size() > kMaxCapabilities) {
    return fail(ErrorCode::invalid_params, "params.capabilities is longer than " + std::to_string(kMaxCapabilities) + " bytes");
  }
  if (capabilities.starts_with('{')) caller_->capabilities = capabilities;
  const std::string_view info = member(params, "clientInfo");
  caller_->client_name = decode_json_string(member(info, "name").substr(0, kMaxClientName));
  caller_->client_version = decode_json_string(member(info, "version").substr(0, kMaxClientName));
  return {};
}

Result<> ServerSession::admit(const Message& request) const {
  if (!initialized_ && request.method() != "ping") {
    return fail(ErrorCode::invalid_request,
                "\"" + std::string(request.method().substr(0, 80)) + "\" came before initialize",
                "Send initialize first.");
  }
  return check_progress_token(request);
}

Task<std::optional<Message>> ServerSession::serve(Message request, Outlet outlet) {
  auto self = shared_from_this();
  const std::string id(request.id());
  std::string key = id_key(id);
  const bool initialize = request.method() == "initialize";
  const bool waits = !initialize && introducing_ && request.method() != "ping";
  Result<> admitted = initialize ? introduce(request) : waits ? Result<>() : admit(request);
  if (admitted && in_flight_.contains(key)) {
    admitted = fail(ErrorCode::invalid_request, "id " + id.substr(0, 80) + " is in use by a request that is still open");
  }
  if (admitted && in_flight_.size() >= options_.max_in_flight) {
    admitted = fail(ErrorCode::overloaded,
                    std::to_string(in_flight_.size()) + " requests of this client are still open",
                    "Wait for some of them to end.");
  }
  if (!admitted) co_return error_response(id, admitted.error());

  const std::string method = hop().is_down() ? std::string(request.method()) : std::string();
  Call call(*this, std::move(key), std::move(outlet));
  if (initialize) co_return co_await answer_initialize(std::move(request), call);
  if (waits) {
    const auto introducing = introducing_;
    co_await introducing->wait();
    if (call.taken_back) co_return std::nullopt;
    admitted = admit(request);
    if (!admitted) co_return error_response(id, admitted.error());
  }
  auto answer = co_await handler_->handle(std::move(request), call);
  call.ended();
  if (call.taken_back) co_return std::nullopt;
  if (!answer) co_return error_response(id, answer.error());
  adapt_result(method, *answer, {.from = call.answered_in, .to = caller_->version});
  co_return std::move(*answer);
}

Task<std::optional<Message>> ServerSession::answer_initialize(Message request, Call& call) {
  const std::string id(request.id());
  const auto introducing = std::make_shared<Event>(co_await boost::asio::this_coro::executor);
  introducing_ = introducing;
  auto answer = co_await handler_->handle(std::move(request), call);
  if (answer && !answer->is_error()) initialized_ = true;
  if (introducing_ == introducing) introducing_.reset();
  introducing->set();
  if (call.taken_back) co_return std::nullopt;
  if (!answer) co_return error_response(id, answer.error());
  adapt_result("initialize", *answer, hop());
  co_return std::move(*answer);
}

void ServerSession::accept(Message message) {
  if (message.kind() == MessageKind::response) return questions_->answer(std::move(message));
  const std::string_view method = message.method();
  if (method == "notifications/cancelled") return cancel(message);
  if (method == "notifications/progress") return questions_->progress(std::move(message));
  if (!initialized_) return;
  NoticeContext context(*this);
  handler_->notice(std::move(message), context);
}

void ServerSession::cancel(const Message& notification) {
  const std::string_view id = notification.raw(notification.envelope().request_id);
  const auto found = in_flight_.find(id_key(id));
  if (found == in_flight_.end()) return;  // it may just have been answered
  const std::string_view params = notification.raw(notification.envelope().params);
  std::string reason = decode_json_string(member(params, "reason")).substr(0, 500);
  if (reason.empty()) reason = "cancelled by the client";
  found->second->taken_back = true;
  found->second->cancellation().request({ErrorCode::cancelled, std::move(reason)});
}

bool ServerSession::push(Message notification) {
  if (!adapt_notification(notification, hop())) return true;
  return outlet_ && outlet_(std::move(notification));
}

Task<Result<Message>> ServerSession::ask(Message request, Question& question) {
  return ask_by(outlet_, this, std::move(request), question);
}

Task<Result<Message>> ServerSession::ask_by(Outlet outlet, const void* owner, Message request, Question& question) {
  const auto self = shared_from_this();
  if (auto clear = check_wording(request); !clear) co_return std::unexpected(std::move(clear).error());
  if (auto allowed = may_ask(*caller_, request); !allowed) co_return std::unexpected(std::move(allowed).error());
  if (!outlet) co_return fail(ErrorCode::session_lost, "the client that would have to be asked is gone");
  request = handler_->present(std::move(request));
  if (auto adapted = adapt_server_request(request, hop()); !adapted) co_return std::unexpected(std::move(adapted).error());
  co_return co_await questions_->ask(std::move(request), question, std::move(outlet), owner);
}

void ServerSession::question_lost(std::string_view id) {
  questions_->lose_one(id, {ErrorCode::session_lost, "the client lost its connection and did not come back for the question"});
}

void ServerSession::cancel_all(const Error& reason) {
  std::vector<Call*> calls;
  calls.reserve(in_flight_.size());
  for (const auto& [id, call] : in_flight_)
    calls.push_back(call);
  for (Call* call : calls)
    call->cancellation().request(reason);
  questions_->lose(reason);
}

}  // namespace mcp
