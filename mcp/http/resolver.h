#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "mcp/base/cancellation.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"

namespace mcp {

/// Turns host names into addresses on at most two threads of its own, started with the first name that needs one. One object can
/// serve any number of clients. Threads end soon after the object is gone; one that is inside the system's resolver then ends by
/// itself and touches nothing of its caller's.
class Resolver {
 public:
  Resolver();
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Address literals and "localhost" are answered at once, without a thread. Errors: connect_failed (naming the host),
  /// overloaded (too many names wait), or the cancellation's reason. The Resolver must outlive the call. Loop thread only.
  Task<Result<std::vector<boost::asio::ip::address>>> resolve(std::string host, Cancellation& cancellation);

 private:
  struct Lookup;
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);
  Result<> enqueue(const std::shared_ptr<Lookup>& lookup);

  std::shared_ptr<Shared> shared_;
};

}  // namespace mcp
