#include "mcp/http/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "mcp/base/event.h"

namespace mcp {

namespace asio = boost::asio;
using Addresses = std::vector<asio::ip::address>;

namespace {

constexpr int kMaxThreads = 2;
constexpr std::size_t kMaxWaiting = 256;

asio::ip::address address_of(const sockaddr& from) {
  if (from.sa_family == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &from, sizeof(v4));
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6 = {};
  std::memcpy(&v6, &from, sizeof(v6));
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes, v6.sin6_scope_id);
}

Result<Addresses> look_up(const std::string& host) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    return fail(ErrorCode::connect_failed,
                "the host name " + host + " cannot be resolved: " + ::gai_strerror(error) + ".",
                "Check the spelling in \"url\", and this machine's network.");
  }
  Addresses addresses;
  for (auto* each = list; each != nullptr; each = each->ai_next) {
    if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
    auto address = address_of(*each->ai_addr);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  ::freeaddrinfo(list);
  if (addresses.empty()) return fail(ErrorCode::connect_failed, "the host name " + host + " has no address.");
  return addresses;
}

}  // namespace

/// One question on its way through a thread.
struct Resolver::Lookup {
  std::string host;
  Executor executor;
  Event* answered;  // loop thread only; lives in the waiting coroutine
  Result<Addresses> result;
  std::mutex mutex;
  bool abandoned = false;  // guarded by mutex: nobody waits any more, and the loop may be gone

  static void answer(const std::shared_ptr<Lookup>& self);
};

/// Looks the name up and wakes who waits. On a thread of the resolver's.
void Resolver::Lookup::answer(const std::shared_ptr<Lookup>& self) {
  {
    const std::lock_guard lock(self->mutex);
    if (self->abandoned) return;
  }
  auto found = look_up(self->host);
  const std::lock_guard lock(self->mutex);
  if (self->abandoned) return;
  self->result = std::move(found);
  asio::post(self->executor, [self] {
    if (self->answered != nullptr) self->answered->set();
  });
}

struct Resolver::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  std::deque<std::shared_ptr<Lookup>> waiting;
  int threads = 0;
  std::size_t idle = 0;
  bool stopped = false;
};

Resolver::Resolver() : shared_(std::make_shared<Shared>()) {}

Resolver::~Resolver() {
  std::lock_guard lock(shared_->mutex);
  shared_->stopped = true;
  shared_->changed.notify_all();
}

Task<Result<Addresses>> Resolver::resolve(std::string host, Cancellation& cancellation) {
  boost::system::error_code error;
  auto literal = asio::ip::make_address(host, error);
  if (!error) co_return Addresses{literal};
  if (host == "localhost") co_return Addresses{asio::ip::address_v6::loopback(), asio::ip::address_v4::loopback()};
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());

  auto executor = co_await asio::this_coro::executor;
  Event answered(executor);
  auto lookup = std::make_shared<Lookup>(std::move(host), executor, &answered);
  // Also when the loop is torn down while this waits: the thread must not post to it any more.
  struct Abandon {
    Lookup& lookup;

    ~Abandon() {
      std::lock_guard lock(lookup.mutex);
      lookup.abandoned = true;
      lookup.answered = nullptr;
    }
  } abandon{*lookup};

  auto queued = enqueue(lookup);
  if (!queued) co_return std::unexpected(std::move(queued.error()));
  Cancellation::Callback on_cancel(cancellation, [&answered] { answered.set(); });
  co_await answered.wait();
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  co_return std::move(lookup->result);
}

Result<> Resolver::enqueue(const std::shared_ptr<Lookup>& lookup) {
  std::lock_guard lock(shared_->mutex);
  if (shared_->waiting.size() >= kMaxWaiting) {
    return fail(ErrorCode::overloaded, "too many host names wait to be resolved.", "Check this machine's name servers.");
  }
  if (shared_->waiting.size() >= shared_->idle && shared_->threads < kMaxThreads) {
    try {
      std::thread([shared = shared_] { work(shared); }).detach();
      ++shared_->threads;
    } catch (const std::system_error& error) {
      if (shared_->threads == 0)
        return fail(ErrorCode::connect_failed, std::string("no thread to resolve names: ") + error.what() + ".");
    }
  }
  shared_->waiting.push_back(lookup);
  shared_->changed.notify_one();
  return {};
}

void Resolver::work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    ++shared->idle;
    shared->changed.wait(lock, [&] { return shared->stopped || !shared->waiting.empty(); });
    --shared->idle;
    if (shared->stopped) return;
    auto lookup = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    lock.unlock();
    Lookup::answer(lookup);
    lookup.reset();
    lock.lock();
  }
}

}  // namespace mcp
