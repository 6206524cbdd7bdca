#include "mcp/session/client_session.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "mcp/base/log.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace mcp {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSweepInterval = std::chrono::milliseconds(100);
constexpr int kMaxPatience = 12;  // times the first deadline, for a request that keeps reporting progress

constexpr std::size_t kMaxServerId = 1024;  // bytes; we send it back, and it may wait in a queue

// Ten digits, so that the ids of most clients fit into the place of ours when an answer goes back.
constexpr std::uint64_t kFirstId = 1'000'000'000;

std::optional<std::uint64_t> parse_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

/// "300 s", "0.3 s".
std::string seconds_text(Clock::duration duration) {
  const auto tenths = std::lround(std::chrono::duration<double, std::deci>(duration).count());
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " s";
}

/// Why there is no session where the server answered initialize with an error.
Error refusal(const Message& response) {
  constexpr std::size_t kShown = 500;  // of a text that may be of any length
  const std::string_view error = response.raw(response.envelope().error);
  const std::string_view data = member(error, "data");
  std::string message = decode_json_string(member(error, "message")).substr(0, kShown);
  // A gateway that says what is wrong with a configuration says it of ours: of the one that led us there.
  if (decode_json_string(member(data, "reason")) == to_string(ErrorCode::config_invalid)) {
    std::string remedy = decode_json_string(member(data, "remedy")).substr(0, kShown);
    if (message.ends_with(remedy)) message.resize(message.find_last_not_of(" .", message.size() - remedy.size() - 1) + 1);
    return {ErrorCode::config_invalid, std::move(message), std::move(remedy)};
  }
  const std::string code(member(error, "code").substr(0, 20));
  message = "the server refused initialize with error " + code + ": " + message;
  // Every MCP server knows the method.
  if (code == std::to_string(kMethodNotFound)) {
    return {ErrorCode::not_mcp, std::move(message), "Check that what is configured is an MCP server."};
  }
  return {ErrorCode::server_unavailable, std::move(message), "Give the server what its message asks for; its log may say more."};
}

Result<ServerIntroduction> read_introduction(const Message& response) {
  if (response.is_error()) return std::unexpected(refusal(response));
  const std::string_view result = response.raw(response.envelope().result);
  const std::string version = decode_json_string(member(result, "protocolVersion"));
  if (version.empty()) return fail(ErrorCode::not_mcp, "the answer to initialize has no protocolVersion");
  const auto known = parse_protocol_version(version);
  if (!known) {
    return fail(ErrorCode::unsupported_version,
                "the server wants MCP revision \"" + version.substr(0, 40) + "\", which this version does not speak",
                "Supported are 2024-11-05, 2025-03-26, 2025-06-18 and 2025-11-25.");
  }
  ServerIntroduction introduction{.version = *known};
  if (const auto info = member(result, "serverInfo"); !info.empty()) introduction.server_info = info;
  if (const auto capabilities = member(result, "capabilities"); !capabilities.empty()) introduction.capabilities = capabilities;
  introduction.instructions = decode_json_string(member(result, "instructions"));
  return introduction;
}

/// The caller of our own requests: nobody listens, nobody can be asked.
class OwnContext final : public CallContext {
 public:
  const Caller& caller() const override { return caller_; }

  void notify(Message) override {}

  Task<Result<Message>> ask(Message) override { co_return fail(ErrorCode::method_not_found, "there is nobody to ask"); }

 private:
  Caller caller_{.principal = "switchyard"};
};

}  // namespace

bool declares(std::string_view capabilities, std::string_view capability) {
  const std::string_view value = member(capabilities, capability);
  return !value.empty() && value != "null" && value != "false";
}

std::string instance_of(const Message& initialize) {
  const std::string_view instance = member(initialize.raw(initialize.envelope().meta), "switchyard/instance");
  return instance.starts_with('"') ? decode_json_string(instance) : std::string();
}

/// A request that waits for its answer; lives in the frame of the coroutine that waits.
struct ClientSession::Open {
  CallContext* context = nullptr;
  std::string token;  // the caller's progress token, JSON text; "" when progress was not asked for
  Cancellation cancellation;
  Clock::time_point deadline;
  Clock::duration patience{};
  Clock::time_point last_deadline;
};

/// Keeps the table right on every way out of the coroutine.
class ClientSession::OpenEntry {
 public:
  OpenEntry(ClientSession& session, std::uint64_t id, Open& open) : session_(session), id_(id) {
    session_.open_.emplace(id, &open);
  }

  ~OpenEntry() { session_.open_.erase(id_); }

  OpenEntry(const OpenEntry&) = delete;
  OpenEntry& operator=(const OpenEntry&) = delete;

 private:
  ClientSession& session_;
  std::uint64_t id_;
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
  params += R"(","capabilities":{},"clientInfo":{"name":)";
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
    transport_->negotiated(introduction->version);
    transport_->send(Message::notification("notifications/initialized", {}));
  }
  co_return introduction;
}

Task<Result<Message>> ClientSession::handle(Message request, CallContext& context) {
  auto self = shared_from_this();
  if (closed_) co_return std::unexpected(closing());
  if (open_.size() >= options_.max_open) {
    co_return fail(ErrorCode::overloaded,
                   std::to_string(open_.size()) + " requests already wait for this server",
                   "Try again when some of them are done.");
  }
  const std::uint64_t id = next_id_++;
  const std::string caller_id(request.id());
  Open open;
  open.context = &context;
  const auto now = Clock::now();
  open.deadline = context.deadline;
  if (context.deadline != Clock::time_point::max()) {
    open.patience = context.deadline - now;
    open.last_deadline = now + open.patience * kMaxPatience;
    arm_sweep();
  }
  const std::string own_id = std::to_string(id);
  request.set_id(own_id);
  if (const auto token = request.raw(request.envelope().meta_progress_token); !token.empty()) {
    open.token = token;
    request.replace(&Envelope::meta_progress_token, own_id);
  }
  const OpenEntry entry(*this, id, open);
  const Cancellation::Callback forward(context.cancellation(),
                                       [&open, &context] { open.cancellation.request(context.cancellation().reason()); });
  auto response = co_await transport_->request(std::move(request), id, open.cancellation);
  if (!response) {
    if (open.cancellation.requested()) tell_cancelled(id, open.cancellation.reason());
    co_return std::unexpected(std::move(response).error());
  }
  response->set_id(caller_id);
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
  if (!closed_) transport_->send(std::move(notification));
}

void ClientSession::tell_cancelled(std::uint64_t id, const Error& reason) {
  if (closed_) return;
  std::string params = "{\"requestId\":" + std::to_string(id) + ",\"reason\":";
  append_json_string(params, reason.message);
  params += "}";
  transport_->send(Message::notification("notifications/cancelled", params));
}

void ClientSession::on_message(Message message, std::optional<std::uint64_t>) {
  if (message.kind() == MessageKind::request) return answer(message);
  if (message.kind() != MessageKind::notification) return;
  if (message.method() == "notifications/progress") return on_progress(std::move(message));
  if (options_.on_notification) options_.on_notification(std::move(message));
}

void ClientSession::on_progress(Message message) {
  const auto token = parse_id(message.raw(message.envelope().progress_token));
  const auto found = token ? open_.find(*token) : open_.end();
  if (found == open_.end() || found->second->token.empty()) {
    log_debug("upstream", "progress for no open request dropped");
    return;
  }
  Open& open = *found->second;
  if (open.deadline != Clock::time_point::max()) {
    open.deadline = std::min(Clock::now() + open.patience, open.last_deadline);
  }
  message.replace(&Envelope::progress_token, open.token);
  open.context->notify(std::move(message));
}

void ClientSession::answer(const Message& request) {
  if (request.id().size() > kMaxServerId) {
    log_debug("upstream", "a request of the server's with an id beyond measure was dropped");
    return;
  }
  if (request.method() == "ping") {
    transport_->send(Message::result(request.id(), "{}"));
    return;
  }
  const std::string method(request.method().substr(0, 80));
  transport_->send(Message::error(request.id(), kMethodNotFound, "This client does not answer " + method));
}

void ClientSession::on_closed(const Error& reason) {
  if (closed_) return;
  closed_ = true;
  sweep_timer_.cancel();
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
  std::vector<Open*> overdue;
  bool timed = false;
  for (const auto& [id, open] : open_) {
    if (open->deadline == Clock::time_point::max()) continue;
    timed = true;
    if (open->deadline <= now && !open->cancellation.requested()) overdue.push_back(open);
  }
  // Requesting only wakes the waiting coroutines, which leave the table later, from the loop.
  for (Open* open : overdue) {
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
  std::vector<Open*> open;
  open.reserve(open_.size());
  for (const auto& [id, entry] : open_)
    open.push_back(entry);
  if (!was_closed) {
    for (Open* entry : open)
      entry->cancellation.request(reason);
  }
  co_await transport_->close(grace);
}

}  // namespace mcp
