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
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "mcp/base/event.h"

namespace mcp {

namespace asio = boost::asio;
using Addresses = std::vector<asio::ip::address>;

namespace {

constexpr std::size_t kMaxWaiting = 256;  // names
constexpr std::size_t kMaxSuspects = 1024;

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

Result<Addresses> ask_system(const std::string& host) {
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

/// Somebody who waits for a name. Everything is guarded by Shared::mutex.
struct Resolver::Asker {
  Executor executor;
  Event* answered;  // set on the loop only; lives in the waiting coroutine. Null: nobody waits any more, and the loop may be gone.
  Result<Addresses> result;
};

/// A name on its way through a thread, for all who ask for it meanwhile. Guarded by Shared::mutex.
struct Resolver::Lookup {
  std::string host;
  bool suspect = false;
  std::vector<std::shared_ptr<Asker>> askers;

  bool abandoned() const {
    return std::ranges::all_of(askers, [](const auto& asker) { return asker->answered == nullptr; });
  }
};

struct Resolver::Shared {
  explicit Shared(LookUp system) : look_up(std::move(system)) {}

  const LookUp look_up;
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  std::deque<std::shared_ptr<Lookup>> waiting;
  std::deque<std::shared_ptr<Lookup>> waiting_suspects;
  std::unordered_map<std::string, std::shared_ptr<Lookup>> by_host;  // waiting, or on a thread
  std::unordered_set<std::string> suspects;
  std::size_t busy_with_suspects = 0;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool stopped = false;

  bool may_begin_suspect() const { return !waiting_suspects.empty() && busy_with_suspects < kMaxThreads / 2; }

  std::shared_ptr<Lookup> take_next();
  void finish(const std::shared_ptr<Lookup>& lookup, const Result<Addresses>& found);
};

std::shared_ptr<Resolver::Lookup> Resolver::Shared::take_next() {
  auto& line = waiting.empty() ? waiting_suspects : waiting;
  auto lookup = std::move(line.front());
  line.pop_front();
  if (lookup->suspect) ++busy_with_suspects;
  return lookup;
}

void Resolver::Shared::finish(const std::shared_ptr<Lookup>& lookup, const Result<Addresses>& found) {
  if (lookup->suspect) --busy_with_suspects;
  by_host.erase(lookup->host);
  if (found && !lookup->abandoned()) {
    suspects.erase(lookup->host);
  } else {
    // It failed, or took longer than anybody would wait.
    if (suspects.size() >= kMaxSuspects) suspects.clear();
    suspects.insert(lookup->host);
  }
  for (const auto& asker : lookup->askers) {
    if (asker->answered == nullptr) continue;
    asker->result = found;
    // Under the mutex, and only while somebody waits: the loop is there.
    asio::post(asker->executor, [asker] {
      if (asker->answered != nullptr) asker->answered->set();
    });
  }
}

Resolver::Resolver() : Resolver(ask_system) {}

Resolver::Resolver(LookUp look_up) : shared_(std::make_shared<Shared>(std::move(look_up))) {}

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
  auto asker = std::make_shared<Asker>(executor, &answered);
  if (auto queued = enqueue(std::move(host), asker); !queued) co_return std::unexpected(std::move(queued.error()));
  // Also when the loop is torn down while this waits: the thread must not post to it any more.
  struct Abandon {
    std::shared_ptr<Shared> shared;
    Asker& asker;

    ~Abandon() {
      std::lock_guard lock(shared->mutex);
      asker.answered = nullptr;
    }
  } abandon{shared_, *asker};

  Cancellation::Callback on_cancel(cancellation, [&answered] { answered.set(); });
  co_await answered.wait();
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  co_return std::move(asker->result);
}

Result<> Resolver::enqueue(std::string host, std::shared_ptr<Asker> asker) {
  std::lock_guard lock(shared_->mutex);
  if (const auto under_way = shared_->by_host.find(host); under_way != shared_->by_host.end()) {
    std::erase_if(under_way->second->askers, [](const auto& each) { return each->answered == nullptr; });
    under_way->second->askers.push_back(std::move(asker));
    return {};
  }
  const auto waiting = shared_->waiting.size() + shared_->waiting_suspects.size();
  if (waiting >= kMaxWaiting) {
    return fail(ErrorCode::overloaded, "too many host names wait to be resolved.", "Check this machine's name servers.");
  }
  if (waiting >= shared_->idle && shared_->threads < kMaxThreads) {
    try {
      std::thread([shared = shared_] { work(shared); }).detach();
      ++shared_->threads;
    } catch (const std::system_error& error) {
      if (shared_->threads == 0)
        return fail(ErrorCode::overloaded, std::string("no thread to resolve names: ") + error.what() + ".");
    }
  }
  auto lookup = std::make_shared<Lookup>();
  lookup->suspect = shared_->suspects.contains(host);
  lookup->host = std::move(host);
  lookup->askers.push_back(std::move(asker));
  shared_->by_host.emplace(lookup->host, lookup);
  (lookup->suspect ? shared_->waiting_suspects : shared_->waiting).push_back(lookup);
  shared_->changed.notify_one();
  return {};
}

void Resolver::work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    ++shared->idle;
    shared->changed.wait(lock, [&] { return shared->stopped || !shared->waiting.empty() || shared->may_begin_suspect(); });
    --shared->idle;
    if (shared->stopped) return;
    const auto lookup = shared->take_next();
    if (lookup->abandoned()) {
      if (lookup->suspect) --shared->busy_with_suspects;
      shared->by_host.erase(lookup->host);
      continue;
    }
    lock.unlock();
    const auto found = shared->look_up(lookup->host);
    lock.lock();
    shared->finish(lookup, found);
  }
}

}  // namespace mcp
