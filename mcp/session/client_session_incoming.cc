// ClientSession: what the server sends of its own accord, and what it asks.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <charconv>
#include <utility>
#include <vector>

#include "mcp/adapt/adapt.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/rpc/meta.h"
#include "mcp/session/client_session.h"

namespace mcp {

namespace {

constexpr std::size_t kShownReason = 500;   // of why a server takes a request back
constexpr std::size_t kMaxServerId = 1024;  // bytes; we send it back, and it may wait in a queue

std::optional<std::uint64_t> parse_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

std::optional<double> parse_number(std::string_view json) {
  double value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (json.empty() || error != std::errc() || end != json.data() + json.size()) return std::nullopt;
  return value;
}

}  // namespace

/// A request of the server's that is being answered; lives in the frame of the coroutine that does.
struct ClientSession::Asked {
  Question question;
  bool taken_back = false;  // by the server
};

class ClientSession::AskedEntry {
 public:
  AskedEntry(ClientSession& session, std::string id, Asked& asked) : session_(session), id_(std::move(id)) {
    session_.questions_.emplace(id_, &asked);
  }

  ~AskedEntry() { session_.questions_.erase(id_); }

  AskedEntry(const AskedEntry&) = delete;
  AskedEntry& operator=(const AskedEntry&) = delete;

 private:
  ClientSession& session_;
  const std::string id_;
};

void ClientSession::on_message(Message message, std::optional<std::uint64_t> related_request) {
  if (message.kind() == MessageKind::response) return;
  std::string note;
  if (options_.on_incoming && !options_.on_incoming(message, note)) return;
  if (message.kind() == MessageKind::request) return on_request(std::move(message), related_request, std::move(note));
  const std::string_view method = message.method();
  if (method == "notifications/progress") return on_progress(std::move(message));
  if (method == "notifications/message") return on_log(std::move(message), related_request);
  if (method == "notifications/cancelled") return on_cancelled(message);
  if (options_.on_notification) options_.on_notification(std::move(message));
}

void ClientSession::on_progress(Message message) {
  const auto token = parse_id(message.raw(message.envelope().progress_token));
  const auto concerned = token ? open_.with_progress(*token) : std::vector<OpenRequest*>();
  if (token && concerned.empty() && options_.on_notification) return options_.on_notification(std::move(message));
  // All who wait for the same task are of one client, which is told once.
  OpenRequest* const told = concerned.empty() ? nullptr : concerned.front();
  const std::string* const shown = told == nullptr ? nullptr : told->adopted.id == *token ? &told->adopted.token : &told->token;
  if (shown == nullptr || shown->empty()) {
    log_debug("upstream", "progress for no open request dropped");
    return;
  }
  // The value must rise (MCP 2025-11-25, "Progress"); one that does not is no sign of progress either.
  const auto progress = parse_number(member(message.raw(message.envelope().params), "progress"));
  if (!progress || *progress <= told->context->progress) {
    log_debug("upstream", "progress that does not rise dropped");
    return;
  }
  for (OpenRequest* open : concerned) {
    open->context->progress = *progress;
    open->extend(Clock::now());
  }
  message.replace(&Envelope::progress_token, *shown);
  told->context->notify(std::move(message));
}

/// What is logged while nobody asks for anything is everybody's.
void ClientSession::on_log(Message message, std::optional<std::uint64_t> related_request) {
  const auto level = parse_logging_level(decode_json_string(member(message.raw(message.envelope().params), "level")));
  if (!level) return log_debug("upstream", "a log line without a level was dropped");
  const auto wants = [&level](CallContext& context) { return *level >= context.caller().log_level.value_or(LoggingLevel::debug); };
  if (const auto cause = open_.cause_of(related_request)) {
    CallContext& context = *open_.find(*cause)->context;
    if (wants(context)) context.notify(std::move(message));
    return;
  }
  // It may be of any of these; what came on the stream of a request of our own is of none.
  const auto possible = related_request ? std::vector<OpenRequest*>() : open_.one_of_each();
  for (const OpenRequest* open : possible) {
    if (wants(*open->context)) open->context->notify(message.clone());
  }
  if (possible.empty() && options_.on_notification) options_.on_notification(std::move(message));
}

void ClientSession::on_cancelled(const Message& message) {
  const auto found = questions_.find(std::string(message.raw(message.envelope().request_id)));
  if (found == questions_.end()) return;
  const std::string_view params = message.raw(message.envelope().params);
  std::string reason = decode_json_string(member(params, "reason")).substr(0, kShownReason);
  if (reason.empty()) reason = "the server no longer wants to know";
  found->second->taken_back = true;
  found->second->question.cancellation.request({ErrorCode::cancelled, std::move(reason)});
}

/// A server asks for what we declared; some ask for more.
bool ClientSession::may_be_asked(std::string_view method) const {
  const auto declared = [this](std::string_view capability) { return declares(options_.capabilities, capability); };
  if (method == "sampling/createMessage") return declared("sampling");
  if (method == "elicitation/create") return declared("elicitation");
  return method == "roots/list" && declared("roots");
}

Result<> ClientSession::admit(const Message& request, std::optional<std::uint64_t> related_request) const {
  if (auto token = check_progress_token(request); !token) return token;
  if (!may_be_asked(request.method())) {
    return fail(ErrorCode::method_not_found, "nobody here can be asked for " + std::string(request.method().substr(0, 80)));
  }
  if (related_request && open_.find(*related_request) == nullptr) {
    return fail(ErrorCode::cancelled, "the request that this belongs to has ended");
  }
  if (questions_.contains(std::string(request.id()))) {
    return fail(ErrorCode::invalid_request, "this id is in use by a request that is still open");
  }
  if (questions_.size() >= options_.max_questions) {
    return fail(ErrorCode::overloaded, std::to_string(questions_.size()) + " requests of this server are still open");
  }
  return {};
}

void ClientSession::on_request(Message request, std::optional<std::uint64_t> related_request, std::string note) {
  if (request.id().size() > kMaxServerId) {
    log_debug("upstream", "a request of the server's with an id beyond measure was dropped");
    return;
  }
  if (request.method() == "ping") {
    transport_->send(Message::result(request.id(), "{}"));
    return;
  }
  const auto admitted = admit(request, related_request);
  if (!admitted) {
    transport_->send(error_response(request.id(), admitted.error()));
    return;
  }
  if (options_.on_asked) options_.on_asked(request.method());
  const auto cause = open_.cause_of(related_request);
  boost::asio::co_spawn(executor_, answer(std::move(request), cause, std::move(note)), boost::asio::detached);
}

Task<void> ClientSession::answer(Message request, std::optional<std::uint64_t> cause, std::string note) {
  const auto self = shared_from_this();
  const std::string id(request.id());
  if (closed_ || questions_.contains(id)) co_return;
  Asked asked;
  asked.question.on_progress = [this](Message progress) {
    if (!closed_) transport_->send(std::move(progress));
  };
  const AskedEntry entry(*this, id, asked);
  // The person asked deals with the gateway, and should know who is behind it.
  if (!options_.server.empty() && request.method() != "roots/list") {
    const std::string server = json_string(options_.server);
    request = with_meta(std::move(request), "switchyard/server", server);
  }
  const std::string method(request.method());
  auto answer = co_await find_answer(std::move(request), asked.question, cause);
  if (closed_ || asked.taken_back) co_return;
  if (answer) adapt_client_result(method, *answer, hop());
  if (answer && options_.on_answer) options_.on_answer(note, *answer);
  transport_->send(answer ? std::move(*answer) : error_response(id, answer.error()));
}

Task<Result<Message>> ClientSession::find_answer(Message request, Question& question, std::optional<std::uint64_t> cause) {
  OpenRequest* open = cause ? open_.find(*cause) : nullptr;
  if (open == nullptr) {
    const std::string method(request.method().substr(0, 80));
    if (cause) co_return fail(ErrorCode::cancelled, "the request that " + method + " belongs to has ended");
    if (open_.of_several()) co_return fail(ErrorCode::invalid_request, "it cannot be told which client " + method + " is for");
    if (!options_.on_question) co_return fail(ErrorCode::method_not_found, "this client does not answer " + method);
    co_return co_await options_.on_question(std::move(request), question);
  }
  ++open->questions;
  auto answer = co_await open->context->ask(std::move(request), question);
  // The request may have ended meanwhile, which is why the answer came.
  if (OpenRequest* still = open_.find(*cause)) {
    --still->questions;
    still->extend(Clock::now());
  }
  co_return answer;
}

void ClientSession::drop_questions(const Error& reason) {
  std::vector<Asked*> asked;
  asked.reserve(questions_.size());
  for (const auto& [id, entry] : questions_)
    asked.push_back(entry);
  for (Asked* entry : asked)
    entry->question.cancellation.request(reason);
}

}  // namespace mcp
