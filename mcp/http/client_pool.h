#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "mcp/base/cancellation.h"
#include "mcp/base/event.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "mcp/http/client_connection.h"
#include "mcp/http/http_client.h"
#include "mcp/http/proxy_settings.h"
#include "mcp/http/proxy_tunnel.h"
#include "mcp/http/resolver.h"

namespace mcp {

/// The connections of one HttpClient: idle ones, how many are open, who waits for one; and its spare read buffers. Loop thread
/// only. Held by shared_ptr by the client and by every exchange under way.
class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  static constexpr std::size_t kBuffer = std::size_t{64} << 10;
  /// Connections beyond max_connections that control traffic may open.
  static constexpr std::size_t kReserved = 16;

  ClientPool(const Executor& executor, Url url, HttpClientOptions options);
  ~ClientPool();

  const Url& url() const { return url_; }

  const std::string& origin() const { return origin_; }

  const HttpClientOptions& options() const { return options_; }

  /// What stands before the target in a request line: the origin where a proxy takes requests for it (RFC 9112, 3.2.2), else "".
  const std::string& target_prefix() const { return target_prefix_; }

  /// Whether an answer with this status is one of a proxy that takes requests for the server, and not the server's.
  bool is_proxy_refusal(int status) const { return status == 407 && !target_prefix_.empty(); }

  /// Why there is none of the server's.
  std::unexpected<Error> proxy_refusal(int status) const { return std::unexpected(refused_by_proxy(**proxy_, url_, status)); }

  /// The header lines every request has.
  const std::string& fixed_headers() const { return fixed_headers_; }

  /// Requested by close().
  Cancellation& closing() { return closing_; }

  /// What ends the work now: the caller's cancellation, or close().
  Result<> check(const Cancellation& cancellation) const;

  /// A connection that was used before and is still good; null when there is none.
  std::unique_ptr<ClientConnection> take_idle();

  /// A connection when take_idle() had none: a new one, or the next that is given back when as many as allowed are open.
  /// `control` as in HttpClientRequest.
  Task<Result<std::unique_ptr<ClientConnection>>> acquire(bool control, Cancellation& cancellation);

  /// Takes a connection back for the next request; it is closed after `idle` (at most the option's) without one.
  void give_back(std::unique_ptr<ClientConnection> connection, std::chrono::steady_clock::duration idle);

  void discard(std::unique_ptr<ClientConnection> connection);

  std::unique_ptr<char[]> borrow_buffer();
  void return_buffer(std::unique_ptr<char[]> buffer);

  void close();

 private:
  struct Waiter;

  Task<Result<std::unique_ptr<ClientConnection>>> connect(Cancellation& cancellation);
  Waiter* next_waiter() const;
  void free_place();
  std::unexpected<Error> no_turn() const;
  void sweep();
  void arm_sweep();

  Executor executor_;
  Url url_;
  HttpClientOptions options_;
  std::string origin_;
  Result<const Proxy*> proxy_;  // null inside for none
  std::string fixed_headers_;
  std::string target_prefix_;
  Result<std::shared_ptr<const TlsClientContext>> tls_;  // null inside for http; before the connections that use it
  std::vector<std::unique_ptr<ClientConnection>> idle_;  // the longest unused first
  std::list<Waiter*> waiters_;
  std::list<Waiter*> control_waiters_;
  std::size_t open_ = 0;  // connections that exist or are being made
  std::vector<std::unique_ptr<char[]>> buffers_;
  boost::asio::steady_timer sweep_timer_;
  bool sweep_armed_ = false;
  Cancellation closing_;
};

}  // namespace mcp
