#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "mcp/base/result.h"
#include "mcp/http/tls_session.h"

namespace mcp {

/// The server's end of a TLS connection.
class TlsServerSession : public TlsSession {
 public:
  /// Whether the handshake failed because the client spoke HTTP without TLS. Ask right after it.
  static bool got_plain_http();

 private:
  friend class TlsServerContext;
  TlsServerSession() = default;
};

/// A server's certificate and key, and how it speaks: TLS 1.2 or later, HTTP/1.1 by ALPN (RFC 7301), sessions resumed by ticket
/// alone, so that none takes memory. Never changes once it is made, and may be made on any thread; a connection keeps what it needs
/// of it.
class TlsServerContext {
 public:
  /// `certificate_file`: PEM, the server's own certificate first, then those between it and the authority's. `key_file`: its
  /// private key, PEM, not encrypted; may be the same file. Error tls_failed names the file, and what is wrong with it.
  static Result<std::shared_ptr<const TlsServerContext>> make(const std::string& certificate_file, const std::string& key_file);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

  /// For an accepted socket; null where memory is short.
  std::unique_ptr<TlsServerSession> accept(int socket) const;

  /// When the server's own certificate ends to be valid.
  std::chrono::system_clock::time_point not_after() const { return not_after_; }

  /// SHA-256 of the server's own certificate, 64 hexadecimal digits: what tells two apart.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  TlsServerContext() = default;

  ssl_ctx_st* context_ = nullptr;
  std::chrono::system_clock::time_point not_after_;
  std::string fingerprint_;
};

}  // namespace mcp
