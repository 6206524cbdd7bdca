#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/base/result.h"

struct ssl_ctx_st;
struct ssl_st;
struct bio_method_st;

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

/// The settings all TLS connections of one client share: TLS 1.2 or later, the system's certificate authorities (SSL_CERT_FILE and
/// SSL_CERT_DIR honoured) and those of `ca_file` (PEM; "" = none). Must outlive its connections.
class TlsClientContext {
 public:
  static Result<std::unique_ptr<TlsClientContext>> make(const std::string& ca_file);
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  /// False where it knows none; those of a directory are read when they are needed, and do not count.
  bool has_authorities() const;

 private:
  friend class TlsStream;
  TlsClientContext() = default;

  ssl_ctx_st* context_ = nullptr;
  bio_method_st* socket_method_ = nullptr;
};

/// One TLS connection over a connected, non-blocking socket that somebody else owns. Never waits, never raises SIGPIPE. The peer's
/// certificate must be valid for `host` by its subject alternative names, or for the address where `host` is one.
class TlsStream {
 public:
  static Result<std::unique_ptr<TlsStream>> make(const TlsClientContext& context, int socket, const std::string& host);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Call again after each want_read and want_write, until done.
  IoState handshake();

  /// Why the handshake failed, and what to do.
  Error handshake_error() const;

  IoResult read(char* to, std::size_t size);
  IoResult write(std::string_view bytes);

  /// True while an idle connection is still good: handles what the peer sent besides data (session tickets).
  bool idle_alive();

  /// Says close_notify, as far as that goes without waiting.
  void shut_down();

 private:
  TlsStream() = default;
  IoResult outcome(int returned, std::size_t bytes);

  ssl_st* ssl_ = nullptr;
  std::string host_;
  bool broken_ = false;
  bool closed_by_peer_ = false;
};

}  // namespace mcp
