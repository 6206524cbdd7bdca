#include "mcp/session/client_session.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "mcp/adapt/adapt.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/rpc/meta.h"
#include "mcp/session/own_context.h"

namespace mcp {

namespace {

constexpr auto kSweepInterval = std::chrono::milliseconds(100);
constexpr std::size_t kShownReason = 500;   // of why a server takes a request back
constexpr std::size_t kMaxServerId = 1024;  // bytes; we send it back, and it may wait in a queue

// Ten digits, so that the ids of most clients fit into the place of ours when an answer goes back.
constexpr std::uint64_t kFirstId = 1'000'000'000;

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

/// "300 s", "0.3 s".
std::string seconds_text(Clock::duration duration) {
  const auto tenths = std::lround(std::chrono::duration<double, std::deci>(duration).count());
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " s";
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

std::shared_ptr<ClientSession> ClientSession::create(const Executor& executor,
                                                     std::shared_ptr<Transport> transport,
                                                     ClientSessionOptions options) {
  return std::shared_ptr<ClientSession>(new ClientSession(executor, std::move(transport), std::move(options)));
}

ClientSession::ClientSession(const Executor& executor, std::shared_ptr<Transport> transport, ClientSessionOptions options)
    : executor_(executor),
      transport_(std::move(transport)),
      options_(std::move(options)),
      next_id_(kFirstId),
      sweep_timer_(executor) {}

Task<Result<>> ClientSession::open() {
  auto self = shared_from_this();
  co_return co_await transport_->open(*this);
}

Task<Result<ServerIntroduction>> ClientSession::initialize(Cancellation& cancellation) {
  auto self = shared_from_this();
  std::string params = R"({"protocolVersion":")";
  params += to_string(kLatestVersion);
  params += R"(","capabilities":)";
  params += options_.capabilities;
  params += R"(,"clientInfo":{"name":)";
  append_json_string(params, options_.client_name);
  params += R"(,"version":)";
  append_json_string(params, options_.client_version);
  params += '}';
  if (!options_.instance.empty()) {
    params += R"(,"_meta":{"switchyard/instance":)";
    append_json_string(params, options_.instance);
    params += '}';
  }
  params += '}';
  const std::uint64_t id = next_id_++;
  Message request = Message::request(std::to_string(id), "initialize", params);
  auto response = co_await transport_->request(std::move(request), id, cancellation);
  if (!response) co_return std::unexpected(std::move(response).error());
  auto introduction = read_introduction(*response);
  if (introduction) {
    version_ = introduction->version;
    transport_->negotiated(introduction->version);
    transport_->send(Message::notification("notifications/initialized", {}));
  }
  co_return introduction;
}

Task<Result<Message>> ClientSession::handle(Message request, CallContext& context, RequestLink* link) {
  auto self = shared_from_this();
  if (closed_) co_return std::unexpected(closing());
  const Hop hop{.from = context.caller().version, .to = version_};
  if (auto adapted = adapt_request(request, hop); !adapted) co_return std::unexpected(std::move(adapted).error());
  if (open_.size() >= options_.max_open) {
    co_return fail(ErrorCode::overloaded,
                   std::to_string(open_.size()) + " requests already wait for this server",
                   "Try again when some of them are done.");
  }
  const std::uint64_t id = next_id_++;
  const std::string caller_id(request.id());
  OpenRequest open(context, Clock::now());
  if (open.deadline != Clock::time_point::max()) arm_sweep();
  const std::string own_id = std::to_string(id);
  request.set_id(own_id);
  if (const auto token = request.raw(request.envelope().meta_progress_token); !token.empty()) {
    open.token = token;
    request.replace(&Envelope::meta_progress_token, own_id);
  }
  if (link != nullptr) {
    link->id = id;
    open.adopted = {.id = link->progress_of, .token = link->token};
  }
  const OpenRequests::Entry entry(open_, id, open);
  const Cancellation::Callback forward(context.cancellation(),
                                       [&open, &context] { open.cancellation.request(context.cancellation().reason()); });
  // What never left for the server need not be taken back there.
  if (open.cancellation.requested()) co_return std::unexpected(open.cancellation.reason());
  auto response = co_await transport_->request(std::move(request), id, open.cancellation);
  if (!response) {
    if (open.cancellation.requested()) tell_cancelled(id, open.cancellation.reason());
    co_return std::unexpected(std::move(response).error());
  }
  response->set_id(caller_id);
  context.answered_in = version_;
  co_return std::move(*response);
}

Task<Result<Message>> ClientSession::call(std::string_view method, std::string_view params, Cancellation& cancellation) {
  auto self = shared_from_this();
  struct Counted {
    std::size_t& count;

    ~Counted() { --count; }
  };
  const Counted counted{++own_};
  OwnContext context;
  const Cancellation::Callback forward(cancellation,
                                       [&context, &cancellation] { context.cancellation().request(cancellation.reason()); });
  Message request = Message::request("0", method, params);
  co_return co_await handle(std::move(request), context);
}

void ClientSession::notice(Message notification, CallContext&) {
  if (!closed_ && adapt_notification(notification, hop())) transport_->send(std::move(notification));
}

void ClientSession::tell_cancelled(std::uint64_t id, const Error& reason) {
  if (closed_) return;
  std::string params = "{\"requestId\":" + std::to_string(id) + ",\"reason\":";
  append_json_string(params, reason.message);
  params += "}";
  transport_->send(Message::notification("notifications/cancelled", params));
}

void ClientSession::on_message(Message message, std::optional<std::uint64_t> related_request) {
  if (message.kind() == MessageKind::response) return;
  if (options_.on_incoming && !options_.on_incoming(message)) return;
  if (message.kind() == MessageKind::request) return on_request(std::move(message), related_request);
  const std::string_view method = message.method();
  if (method == "notifications/progress") return on_progress(std::move(message));
  if (method == "notifications/message") return on_log(std::move(message), related_request);
  if (method == "notifications/cancelled") return on_cancelled(message);
  if (options_.on_notification) options_.on_notification(std::move(message));
}

void ClientSession::on_progress(Message message) {
  const auto token = parse_id(message.raw(message.envelope().progress_token));
  OpenRequest* open = token ? open_.find(*token) : nullptr;
  const bool adopted = token && open == nullptr;
  if (adopted) open = open_.find_adopter(*token);
  if (adopted && open == nullptr && options_.on_notification) return options_.on_notification(std::move(message));
  const std::string* shown = open == nullptr ? nullptr : adopted ? &open->adopted.token : &open->token;
  if (shown == nullptr || shown->empty()) {
    log_debug("upstream", "progress for no open request dropped");
    return;
  }
  // The value must rise (MCP 2025-11-25, "Progress"); one that does not is no sign of progress either.
  const auto progress = parse_number(member(message.raw(message.envelope().params), "progress"));
  if (!progress || *progress <= open->context->progress) {
    log_debug("upstream", "progress that does not rise dropped");
    return;
  }
  open->context->progress = *progress;
  open->extend(Clock::now());
  message.replace(&Envelope::progress_token, *shown);
  open->context->notify(std::move(message));
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

void ClientSession::on_request(Message request, std::optional<std::uint64_t> related_request) {
  if (request.id().size() > kMaxServerId) {
    log_debug("upstream", "a request of the server's with an id beyond measure was dropped");
    return;
  }
  if (request.method() == "ping") {
    transport_->send(Message::result(request.id(), "{}"));
    return;
  }
  Result<> admitted;
  if (!may_be_asked(request.method())) {
    admitted = fail(ErrorCode::method_not_found, "nobody here can be asked for " + std::string(request.method().substr(0, 80)));
  } else if (related_request && open_.find(*related_request) == nullptr) {
    admitted = fail(ErrorCode::cancelled, "the request that this belongs to has ended");
  } else if (questions_.contains(std::string(request.id()))) {
    admitted = fail(ErrorCode::invalid_request, "this id is in use by a request that is still open");
  } else if (questions_.size() >= options_.max_questions) {
    admitted = fail(ErrorCode::overloaded, std::to_string(questions_.size()) + " requests of this server are still open");
  }
  if (!admitted) {
    transport_->send(error_response(request.id(), admitted.error()));
    return;
  }
  if (options_.on_asked) options_.on_asked(request.method());
  boost::asio::co_spawn(executor_, answer(std::move(request), open_.cause_of(related_request)), boost::asio::detached);
}

Task<void> ClientSession::answer(Message request, std::optional<std::uint64_t> cause) {
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
  if (answer && options_.on_answer) options_.on_answer(*answer);
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

void ClientSession::on_closed(const Error& reason) {
  if (closed_) return;
  closed_ = true;
  sweep_timer_.cancel();
  drop_questions(reason);
  if (options_.on_closed) options_.on_closed(reason);
}

void ClientSession::on_unreachable(const Error&) {
  if (!closed_ && options_.on_unreachable) options_.on_unreachable();
}

void ClientSession::arm_sweep() {
  if (sweeping_) return;
  sweeping_ = true;
  sweep_timer_.expires_after(kSweepInterval);
  sweep_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (!self) return;
    self->sweeping_ = false;
    if (!error) self->sweep();
  });
}

void ClientSession::sweep() {
  const auto now = Clock::now();
  std::vector<OpenRequest*> overdue;
  bool timed = false;
  for (OpenRequest* open : open_.all()) {
    const auto end = open->out_of_time();
    if (end == Clock::time_point::max()) continue;
    timed = true;
    if (end <= now && !open->cancellation.requested()) overdue.push_back(open);
  }
  // Requesting only wakes the waiting coroutines, which leave the table later, from the loop.
  for (OpenRequest* open : overdue) {
    open->cancellation.request({ErrorCode::timeout,
                                "no answer within " + seconds_text(open->patience),
                                "Try again, or raise the server's callTimeout in the configuration."});
  }
  if (timed) arm_sweep();
}

Task<void> ClientSession::close(std::chrono::steady_clock::duration grace, Error reason) {
  auto self = shared_from_this();
  const bool was_closed = std::exchange(closed_, true);
  sweep_timer_.cancel();
  if (!was_closed) {
    for (OpenRequest* open : open_.all())
      open->cancellation.request(reason);
    drop_questions(reason);
  }
  co_await transport_->close(grace);
}

}  // namespace mcp
