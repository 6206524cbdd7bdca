#include "mcp/http/client_pool.h"

#include <algorithm>
#include <utility>

#include "mcp/http/client_connect.h"
#include "mcp/http/tls_contexts.h"

namespace mcp {

namespace {

constexpr std::size_t kSpareBuffers = 16;

Result<std::shared_ptr<const TlsClientContext>> context_for(const Url& url, const HttpClientOptions& options) {
  if (!url.tls()) return nullptr;
  return options.tls ? options.tls->get(options.ca_file) : TlsContexts().get(options.ca_file);
}

}  // namespace

/// A request that waits for its turn. Lives in its coroutine; leaves the queue with it.
struct ClientPool::Waiter {
  Waiter(ClientPool& owner, std::list<Waiter*>& line, const Executor& executor) : pool(owner), queue(line), turn(executor) {
    place = queue.insert(queue.end(), this);
  }

  ~Waiter() {
    if (!granted) {
      queue.erase(place);
    } else if (connection) {
      pool.discard(std::move(connection));
    } else if (!taken) {
      pool.free_place();
    }
  }

  /// Takes the waiter out of the queue; it owns one of the open places from here on, and perhaps a connection in it.
  void grant(std::unique_ptr<ClientConnection> given) {
    queue.erase(place);
    granted = true;
    connection = std::move(given);
    turn.set();
  }

  ClientPool& pool;
  std::list<Waiter*>& queue;
  Event turn;
  std::list<Waiter*>::iterator place;
  bool granted = false;
  bool taken = false;
  std::unique_ptr<ClientConnection> connection;
};

ClientPool::ClientPool(const Executor& executor, Url url, HttpClientOptions options)
    : executor_(executor),
      url_(std::move(url)),
      options_(std::move(options)),
      origin_(url_.origin()),
      proxy_(options_.proxy ? options_.proxy->proxy_for(url_) : nullptr),
      fixed_headers_("Host: " + url_.host_header() + "\r\nUser-Agent: switchyard/" SWITCHYARD_VERSION "\r\n"),
      tls_(context_for(url_, options_)),
      sweep_timer_(executor) {
  if (!options_.resolver) options_.resolver = std::make_shared<Resolver>();
  if (const Proxy* proxy = proxy_.value_or(nullptr); proxy != nullptr && !url_.tls()) {
    target_prefix_ = origin_;
    if (!proxy->authorization.empty()) fixed_headers_ += "Proxy-Authorization: " + proxy->authorization + "\r\n";
  }
  options_.max_connections = std::max<std::size_t>(options_.max_connections, 1);
}

ClientPool::~ClientPool() = default;

Result<> ClientPool::check(const Cancellation& cancellation) const {
  if (cancellation.requested()) return std::unexpected(cancellation.reason());
  if (closing_.requested()) return std::unexpected(closing_.reason());
  return {};
}

std::unique_ptr<ClientConnection> ClientPool::take_idle() {
  auto now = idle_.empty() ? BootClock::time_point() : BootClock::now();
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (now < connection->idle_until && connection->idle_alive()) return connection;
    discard(std::move(connection));
  }
  return nullptr;
}

Task<Result<std::unique_ptr<ClientConnection>>> ClientPool::acquire(bool control, Cancellation& cancellation) {
  if (open_ < options_.max_connections + (control ? kReserved : 0)) {
    ++open_;
    co_return co_await connect(cancellation);
  }
  Waiter waiter(*this, control ? control_waiters_ : waiters_, executor_);
  {
    Cancellation::Callback on_cancel(cancellation, [&waiter] { waiter.turn.set(); });
    Cancellation::Callback on_close(closing_, [&waiter] { waiter.turn.set(); });
    co_await waiter.turn.wait();
  }
  if (control && !waiter.granted && !closing_.requested()) co_return no_turn();
  if (auto go_on = check(cancellation); !go_on) co_return std::unexpected(std::move(go_on.error()));
  if (waiter.connection && waiter.connection->idle_alive()) {
    waiter.taken = true;  // the place goes with the connection
    co_return std::move(waiter.connection);
  }
  waiter.connection.reset();
  waiter.taken = true;
  co_return co_await connect(cancellation);
}

Task<Result<std::unique_ptr<ClientConnection>>> ClientPool::connect(Cancellation& cancellation) {
  // Gives the place back when the coroutine ends without a connection, also when the loop is torn down.
  struct Place {
    ClientPool* pool;

    ~Place() {
      if (pool != nullptr) pool->free_place();
    }
  } place{this};
  if (!tls_) co_return std::unexpected(tls_.error());
  if (!proxy_) co_return std::unexpected(proxy_.error());
  // A cancellation that both the caller's and close() request.
  Cancellation either;
  Cancellation::Callback on_cancel(cancellation, [&either, &cancellation] { either.request(cancellation.reason()); });
  Cancellation::Callback on_close(closing_, [this, &either] { either.request(closing_.reason()); });
  ClientConnectSpec spec{url_, tls_->get(), *options_.resolver, options_.connect_timeout, *proxy_, options_.allows};
  auto connection = co_await connect_client(spec, either);
  if (connection) place.pool = nullptr;
  co_return connection;
}

void ClientPool::give_back(std::unique_ptr<ClientConnection> connection, std::chrono::steady_clock::duration idle) {
  const bool wanted = !closing_.requested();
  auto* const waiter = wanted ? next_waiter() : nullptr;
  if (waiter != nullptr) {
    waiter->grant(std::move(connection));
  } else if (!wanted || open_ > options_.max_connections || idle_.size() >= options_.max_idle) {
    discard(std::move(connection));
  } else {
    connection->idle_until = BootClock::now() + std::min(idle, options_.idle_timeout);
    idle_.push_back(std::move(connection));
    arm_sweep();
  }
}

void ClientPool::discard(std::unique_ptr<ClientConnection> connection) {
  connection.reset();
  free_place();
}

/// Who gets the place that is free now. One beyond the limit goes to control traffic only.
ClientPool::Waiter* ClientPool::next_waiter() const {
  if (!control_waiters_.empty()) return control_waiters_.front();
  return waiters_.empty() || open_ > options_.max_connections ? nullptr : waiters_.front();
}

void ClientPool::free_place() {
  if (auto* waiter = next_waiter(); waiter != nullptr) {
    waiter->grant(nullptr);
  } else {
    --open_;
  }
}

std::unexpected<Error> ClientPool::no_turn() const {
  return fail(ErrorCode::overloaded,
              "all " + std::to_string(open_) + " connections to " + origin_ + " are in use.",
              "Try again when some of the calls are done.");
}

void ClientPool::arm_sweep() {
  if (sweep_armed_ || idle_.empty()) return;
  sweep_armed_ = true;
  // One timer for all, no matter how many requests come and go: an idle connection lives up to twice its time.
  sweep_timer_.expires_after(options_.idle_timeout);
  sweep_timer_.async_wait([self = weak_from_this()](boost::system::error_code error) {
    auto pool = self.lock();
    if (error || !pool) return;
    pool->sweep_armed_ = false;
    pool->sweep();
    pool->arm_sweep();
  });
}

void ClientPool::sweep() {
  auto now = BootClock::now();
  open_ -= std::erase_if(idle_, [now](const auto& connection) { return now >= connection->idle_until; });
}

std::unique_ptr<char[]> ClientPool::borrow_buffer() {
  if (buffers_.empty()) return std::make_unique_for_overwrite<char[]>(std::max(kBuffer, options_.max_head));
  auto buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void ClientPool::return_buffer(std::unique_ptr<char[]> buffer) {
  if (buffer && buffers_.size() < kSpareBuffers) buffers_.push_back(std::move(buffer));
}

void ClientPool::close() {
  if (closing_.requested()) return;
  sweep_timer_.cancel();
  open_ -= idle_.size();
  idle_.clear();
  closing_.request({ErrorCode::shutting_down, "the connections to " + origin_ + " are being closed."});
}

}  // namespace mcp
