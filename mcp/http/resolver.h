#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mcp/base/cancellation.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"

namespace mcp {

/// Turns host names into addresses on a few threads of its own, started with the first name that needs one. One object can serve
/// any number of clients. A name that many ask for at once is looked up once. Names that failed last time, or took longer than
/// anybody would wait, get at most half of the threads: others are found beside them. Threads end soon after the object is gone;
/// one that is inside the system's resolver then ends by itself and touches nothing of its caller's.
class Resolver {
 public:
  static constexpr std::size_t kMaxThreads = 4;

  /// Looks a name up, however long that takes; on any thread.
  using LookUp = std::function<Result<std::vector<boost::asio::ip::address>>(const std::string& host)>;

  /// Asks the system (getaddrinfo).
  Resolver();
  explicit Resolver(LookUp look_up);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Address literals and "localhost" are answered at once, without a thread. Errors: connect_failed (naming the host),
  /// overloaded (too many names wait, or no thread), or the cancellation's reason. The Resolver must outlive the call. Loop thread
  /// only.
  Task<Result<std::vector<boost::asio::ip::address>>> resolve(std::string host, Cancellation& cancellation);

 private:
  struct Asker;
  struct Lookup;
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);
  Result<> enqueue(std::string host, std::shared_ptr<Asker> asker);

  std::shared_ptr<Shared> shared_;
};

}  // namespace mcp
