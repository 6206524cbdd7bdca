#include "mcp/http/tls_client.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <system_error>

namespace mcp {
namespace {

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE; this one uses MSG_NOSIGNAL. The descriptor is the BIO's
// data.

int socket_of(BIO* bio) {
  int socket = -1;
  BIO_get_fd(bio, &socket);
  return socket;
}

bool would_block() {
  static_assert(EAGAIN == EWOULDBLOCK);
  return errno == EAGAIN || errno == EINTR;
}

int write_socket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  auto sent = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int read_socket(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  auto received = ::recv(socket_of(bio), to, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (received < 0 && would_block()) BIO_set_retry_read(bio);
  if (received == 0) errno = 0;
  return static_cast<int>(received);
}

long control_socket(BIO* bio, int command, long number, void* pointer) {
  switch (command) {
    case BIO_C_SET_FD:
      BIO_set_data(bio, pointer);
      BIO_set_init(bio, 1);
      return 1;
    case BIO_C_GET_FD: {
      auto* socket = static_cast<int*>(BIO_get_data(bio));
      *static_cast<int*>(pointer) = *socket;
      return *socket;
    }
    case BIO_CTRL_FLUSH:
      return 1;
    default:
      static_cast<void>(number);
      return 0;
  }
}

int destroy_socket(BIO* bio) {
  delete static_cast<int*>(BIO_get_data(bio));
  BIO_set_data(bio, nullptr);
  return 1;
}

BIO_METHOD* make_socket_method() {
  auto* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
  if (method == nullptr) return nullptr;
  BIO_meth_set_write(method, write_socket);
  BIO_meth_set_read(method, read_socket);
  BIO_meth_set_ctrl(method, control_socket);
  BIO_meth_set_destroy(method, destroy_socket);
  return method;
}

/// OpenSSL tells of a file that cannot be opened with the system's error first, and names only itself afterwards.
std::string openssl_reason() {
  const auto first = ERR_peek_error();
  if (ERR_SYSTEM_ERROR(first)) return std::generic_category().message(ERR_GET_REASON(first));
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "" : reason;
}

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
  made->socket_method_ = make_socket_method();
  made->context_ = SSL_CTX_new(TLS_client_method());
  auto* context = made->context_;
  if (context == nullptr || made->socket_method_ == nullptr) return fail(ErrorCode::tls_failed, "TLS cannot be set up.");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
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
  BIO_meth_free(socket_method_);
}

Result<std::unique_ptr<TlsStream>> TlsStream::make(const TlsClientContext& context, int socket, const std::string& host) {
  std::unique_ptr<TlsStream> made(new TlsStream);
  made->host_ = host;
  made->ssl_ = SSL_new(context.context_);
  auto* bio = BIO_new(context.socket_method_);
  if (made->ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    return fail(ErrorCode::tls_failed, "TLS cannot be set up for " + host + ".");
  }
  BIO_ctrl(bio, BIO_C_SET_FD, 0, new int(socket));
  SSL_set_bio(made->ssl_, bio, bio);
  SSL_set_connect_state(made->ssl_);
  auto* parameters = SSL_get0_param(made->ssl_);
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  int set = 0;
  if (is_address(host)) {
    set = X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
  } else {
    auto name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    set = X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
    // The macro for this has a cast that we do not compile.
    if (set == 1)
      set = static_cast<int>(SSL_ctrl(made->ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()));
  }
  if (set != 1) return fail(ErrorCode::tls_failed, "TLS cannot check a certificate for the host " + host + ".");
  return made;
}

TlsStream::~TlsStream() {
  SSL_free(ssl_);
}

IoState TlsStream::handshake() {
  ERR_clear_error();
  errno = 0;
  return outcome(SSL_do_handshake(ssl_), 0).state;
}

Error TlsStream::handshake_error() const {
  auto verified = SSL_get_verify_result(ssl_);
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

IoResult TlsStream::outcome(int returned, std::size_t bytes) {
  if (returned > 0) return {IoState::done, bytes};
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
      return {IoState::want_read};
    case SSL_ERROR_WANT_WRITE:
      return {IoState::want_write};
    case SSL_ERROR_ZERO_RETURN:
      closed_by_peer_ = true;
      return {IoState::end};
    default:
      broken_ = true;
      return {IoState::failed};
  }
}

IoResult TlsStream::read(char* to, std::size_t size) {
  ERR_clear_error();
  std::size_t bytes = 0;
  int returned = SSL_read_ex(ssl_, to, size, &bytes);
  return outcome(returned, bytes);
}

IoResult TlsStream::write(std::string_view bytes) {
  ERR_clear_error();
  std::size_t written = 0;
  int returned = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
  return outcome(returned, written);
}

bool TlsStream::idle_alive() {
  if (broken_ || closed_by_peer_) return false;
  ERR_clear_error();
  char byte = 0;
  std::size_t bytes = 0;
  int returned = SSL_peek_ex(ssl_, &byte, 1, &bytes);
  // Data that nobody asked for is as bad as a close.
  return returned <= 0 && outcome(returned, 0).state == IoState::want_read;
}

void TlsStream::shut_down() {
  if (broken_ || SSL_in_init(ssl_)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
}

}  // namespace mcp
