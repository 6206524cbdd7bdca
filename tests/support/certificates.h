#pragma once

#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct evp_pkey_st;
struct x509_st;

namespace mcp {

struct CertificateSpec {
  std::string common_name;
  std::string alternative_names;  // as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1"; "" = none
  bool expired = false;
  int days = 10;  // from now, where it has not expired
};

/// A certificate and its key, as files have them (PEM).
struct IssuedPem {
  std::string certificate, key;
};

/// A certificate authority that exists for one test.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  /// Its own certificate, PEM.
  std::string pem() const;

  /// A server's settings with a certificate of this authority. Valid as long as the authority.
  ssl_ctx_st* server(const CertificateSpec& spec);

  IssuedPem issue(const CertificateSpec& spec);

 private:
  evp_pkey_st* key_;
  x509_st* certificate_;
  std::vector<ssl_ctx_st*> servers_;
  long serial_ = 1;  // given last
};

}  // namespace mcp
