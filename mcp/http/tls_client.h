#pragma once

#include <memory>
#include <string>

#include "mcp/base/result.h"
#include "mcp/http/tls_session.h"

namespace mcp {

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
};

/// The client's end of a TLS connection. The peer's certificate must be valid for `host` by its subject alternative names, or for
/// the address where `host` is one.
class TlsStream : public TlsSession {
 public:
  static Result<std::unique_ptr<TlsStream>> make(const TlsClientContext& context, int socket, const std::string& host);

  /// Why the handshake failed, and what to do.
  Error handshake_error() const;

  /// True while an idle connection is still good: handles what the peer sent besides data (session tickets).
  bool idle_alive();

 private:
  TlsStream() = default;

  std::string host_;
};

}  // namespace mcp
