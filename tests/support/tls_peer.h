#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/raw_client.h"

struct ssl_ctx_st;
struct ssl_st;

namespace mcp {

/// A TLS client of 127.0.0.1 that trusts one authority. Blocking; everything that waits throws std::runtime_error when nothing
/// comes for ten seconds.
class TlsPeer {
 public:
  struct Options {
    std::string host = "localhost";  // that the certificate must be for
    std::string alpn;                // one protocol to offer; "" = no ALPN
    int highest = 0;                 // TLS1_2_VERSION and the like; 0 = any
    int receive_buffer = 0;          // above 0: asks the kernel for that little
  };

  /// Shakes hands; throws with OpenSSL's reason where that fails.
  TlsPeer(std::uint16_t port, const std::string& authority_pem, const Options& options);
  TlsPeer(std::uint16_t port, const std::string& authority_pem) : TlsPeer(port, authority_pem, Options{}) {}
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  void send(std::string_view bytes);
  std::string read_until(std::string_view end);
  RawResponse read_response();
  /// "close_notify" where the server ended the connection in order, "cut" where it did not; throws where something else comes.
  std::string end();
  /// Says close_notify and closes.
  void close();

  std::string alpn() const;
  std::string version() const;
  /// Serial number of the server's certificate.
  long serial() const;

 private:
  bool fill();

  int fd_ = -1;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* ssl_ = nullptr;
  std::string received_;
};

}  // namespace mcp
