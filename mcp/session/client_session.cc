#include "mcp/session/client_session.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "mcp/adapt/adapt.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"
#include "mcp/session/own_context.h"

namespace mcp {

namespace {

constexpr auto kSweepInterval = std::chrono::milliseconds(100);

// Ten digits, so that the ids of most clients fit into the place of ours when an answer goes back.
constexpr std::uint64_t kFirstId = 1'000'000'000;

/// "300 s", "0.3 s".
std::string seconds_text(Clock::duration duration) {
  const auto tenths = std::lround(std::chrono::duration<double, std::deci>(duration).count());
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " s";
}

}  // namespace

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
