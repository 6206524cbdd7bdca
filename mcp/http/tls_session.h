#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace mcp {

/// What became of a read or write that never waits.
enum class IoState {
  done,        // `bytes` were moved
  want_read,   // nothing moved: wait until the socket can be read …
  want_write,  // … or written
  end,         // the peer ended the stream in order (over TLS: with close_notify)
  failed,      // the connection is broken
};

struct IoResult {
  IoState state = IoState::failed;
  std::size_t bytes = 0;
};

/// One end of a TLS connection over a connected, non-blocking socket that somebody else owns. Never waits, never raises SIGPIPE.
class TlsSession {
 public:
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Call again after each want_read and want_write, until done.
  IoState handshake();

  IoResult read(char* to, std::size_t size);

  /// After a want_write the same bytes come again, maybe with more behind them.
  IoResult write(std::string_view bytes);

  /// `done` where there is something to read, as it would be for read(); takes nothing.
  IoState look();

  /// Says close_notify, as far as that goes without waiting.
  void shut_down();

 protected:
  TlsSession() = default;

  /// False where memory is short.
  bool open(ssl_ctx_st* context, int socket);

  bool usable() const { return !broken_ && !closed_by_peer_; }
  ssl_st* ssl() const { return ssl_; }

 private:
  IoResult outcome(int returned, std::size_t bytes);

  ssl_st* ssl_ = nullptr;
  bool broken_ = false;
  bool closed_by_peer_ = false;
};

/// Why OpenSSL's last call on this thread failed; "" where it does not say.
std::string openssl_reason();

/// What all our connections agree on: TLS 1.2 or later, no renegotiation, no compression, writes that may be partial.
void set_tls_basics(ssl_ctx_st* context);

}  // namespace mcp
