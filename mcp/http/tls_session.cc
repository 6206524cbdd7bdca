#include "mcp/http/tls_session.h"

#include <sys/socket.h>

#include <cerrno>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
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

/// One for the whole process: OpenSSL has few numbers for kinds of BIO.
const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const kMethod = make_socket_method();
  return kMethod;
}

}  // namespace

/// OpenSSL tells of a file that cannot be opened with the system's error first, and names only itself afterwards.
std::string openssl_reason() {
  const auto first = ERR_peek_error();
  if (ERR_SYSTEM_ERROR(first)) return std::generic_category().message(ERR_GET_REASON(first));
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "" : reason;
}

void set_tls_basics(ssl_ctx_st* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

bool TlsSession::open(ssl_ctx_st* context, int socket) {
  const BIO_METHOD* method = socket_method();
  auto* bio = method == nullptr ? nullptr : BIO_new(method);
  ssl_ = SSL_new(context);
  if (ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    return false;
  }
  BIO_ctrl(bio, BIO_C_SET_FD, 0, new int(socket));
  SSL_set_bio(ssl_, bio, bio);
  return true;
}

TlsSession::~TlsSession() {
  SSL_free(ssl_);
}

IoState TlsSession::handshake() {
  ERR_clear_error();
  errno = 0;
  return outcome(SSL_do_handshake(ssl_), 0).state;
}

IoResult TlsSession::outcome(int returned, std::size_t bytes) {
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

IoResult TlsSession::read(char* to, std::size_t size) {
  ERR_clear_error();
  std::size_t bytes = 0;
  int returned = SSL_read_ex(ssl_, to, size, &bytes);
  return outcome(returned, bytes);
}

IoResult TlsSession::write(std::string_view bytes) {
  ERR_clear_error();
  std::size_t written = 0;
  int returned = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
  return outcome(returned, written);
}

IoState TlsSession::look() {
  ERR_clear_error();
  char byte = 0;
  std::size_t bytes = 0;
  int returned = SSL_peek_ex(ssl_, &byte, 1, &bytes);
  return outcome(returned, bytes).state;
}

void TlsSession::shut_down() {
  if (broken_ || SSL_in_init(ssl_)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
}

}  // namespace mcp
