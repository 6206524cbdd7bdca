#include "mcp/http/tls_client.h"

#include <array>
#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace mcp {
namespace {

bool is_address(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

std::string remedy_for(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "If the server uses a private certificate authority, set \"caFile\" to that authority's certificate (PEM).";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "The certificate's subject alternative names do not have this host: check \"url\", or have the certificate reissued.";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "The server needs a new certificate, or this machine's clock is wrong.";
    default:
      return "Check the server's certificate.";
  }
}

}  // namespace

Result<std::unique_ptr<TlsClientContext>> TlsClientContext::make(const std::string& ca_file) {
  std::unique_ptr<TlsClientContext> made(new TlsClientContext);
  ERR_clear_error();
  made->context_ = SSL_CTX_new(TLS_client_method());
  auto* context = made->context_;
  if (context == nullptr) return fail(ErrorCode::tls_failed, "TLS cannot be set up.");
  set_tls_basics(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(context, kHttp11.data(), static_cast<unsigned>(kHttp11.size()));
  if (!ca_file.empty() && SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    return fail(ErrorCode::tls_failed,
                "the certificate authority's file " + ca_file + " cannot be read: " + openssl_reason() + ".",
                "Set \"caFile\" to a readable file of certificates in PEM form.");
  }
  SSL_CTX_set_default_verify_paths(context);
  ERR_clear_error();  // the system's own authorities may be missing
  return made;
}

bool TlsClientContext::has_authorities() const {
  return sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context_))) > 0;
}

TlsClientContext::~TlsClientContext() {
  SSL_CTX_free(context_);
}

Result<std::unique_ptr<TlsStream>> TlsStream::make(const TlsClientContext& context, int socket, const std::string& host) {
  std::unique_ptr<TlsStream> made(new TlsStream);
  made->host_ = host;
  if (!made->open(context.context_, socket)) return fail(ErrorCode::tls_failed, "TLS cannot be set up for " + host + ".");
  SSL_set_connect_state(made->ssl());
  auto* parameters = SSL_get0_param(made->ssl());
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  int set = 0;
  if (is_address(host)) {
    set = X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
  } else {
    auto name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    set = X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
    // The macro for this has a cast that we do not compile.
    if (set == 1)
      set = static_cast<int>(SSL_ctrl(made->ssl(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()));
  }
  if (set != 1) return fail(ErrorCode::tls_failed, "TLS cannot check a certificate for the host " + host + ".");
  return made;
}

Error TlsStream::handshake_error() const {
  auto verified = SSL_get_verify_result(ssl());
  if (verified != X509_V_OK) {
    return {ErrorCode::tls_failed,
            "the certificate of " + host_ + " was not accepted: " + X509_verify_cert_error_string(verified) + ".",
            remedy_for(verified)};
  }
  auto reason = openssl_reason();
  auto code = ERR_GET_REASON(ERR_peek_last_error());
  if (code == SSL_R_WRONG_VERSION_NUMBER || code == SSL_R_HTTP_REQUEST) {
    return {ErrorCode::tls_failed,
            host_ + " does not speak TLS on this port.",
            "Check \"url\": it may be meant to begin with http://."};
  }
  if (reason.empty() || code == SSL_R_UNEXPECTED_EOF_WHILE_READING) reason = "the server closed the connection";
  return {
      ErrorCode::tls_failed, "the TLS handshake with " + host_ + " failed: " + reason + ".", "Check \"url\" and the server's log."};
}

bool TlsStream::idle_alive() {
  // Data that nobody asked for is as bad as a close.
  return usable() && look() == IoState::want_read;
}

}  // namespace mcp
