#include "tests/support/tls_peer.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <vector>

namespace mcp {

namespace {

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  return text == nullptr ? "the connection ended" : text;
}

int connect_to(std::uint16_t port, int receive_buffer) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (receive_buffer > 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  throw std::runtime_error("cannot connect");
}

}  // namespace

TlsPeer::TlsPeer(std::uint16_t port, const std::string& authority_pem, const Options& options)
    : fd_(connect_to(port, options.receive_buffer)), context_(SSL_CTX_new(TLS_client_method())) {
  BIO* reader = BIO_new_mem_buf(authority_pem.data(), static_cast<int>(authority_pem.size()));
  X509* authority = PEM_read_bio_X509(reader, nullptr, nullptr, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority);
  X509_free(authority);
  BIO_free(reader);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (options.highest != 0) SSL_CTX_set_max_proto_version(context_, options.highest);
  ssl_ = SSL_new(context_);
  SSL_set1_host(ssl_, options.host.c_str());
  if (!options.alpn.empty()) {
    std::vector<unsigned char> offered = {static_cast<unsigned char>(options.alpn.size())};
    offered.insert(offered.end(), options.alpn.begin(), options.alpn.end());
    SSL_set_alpn_protos(ssl_, offered.data(), static_cast<unsigned>(offered.size()));
  }
  SSL_set_fd(ssl_, fd_);
  ERR_clear_error();
  if (SSL_connect(ssl_) == 1) return;
  const std::string why = reason();
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  ::close(fd_);
  throw std::runtime_error(why);
}

TlsPeer::~TlsPeer() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (fd_ >= 0) ::close(fd_);
}

void TlsPeer::send(std::string_view bytes) {
  ERR_clear_error();
  if (SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) <= 0) throw std::runtime_error("cannot send: " + reason());
}

/// False at the end, in order or not.
bool TlsPeer::fill() {
  std::array<char, 16384> part{};
  ERR_clear_error();
  const int count = SSL_read(ssl_, part.data(), static_cast<int>(part.size()));
  if (count > 0) {
    received_.append(part.data(), static_cast<std::size_t>(count));
    return true;
  }
  const int error = SSL_get_error(ssl_, count);
  if (error == SSL_ERROR_WANT_READ) throw std::runtime_error("nothing came; before it: " + received_);
  return false;
}

std::string TlsPeer::read_until(std::string_view end) {
  std::size_t at = std::string::npos;
  while ((at = received_.find(end)) == std::string::npos) {
    if (!fill()) throw std::runtime_error("the server closed after: " + received_);
  }
  std::string text = received_.substr(0, at + end.size());
  received_.erase(0, text.size());
  return text;
}

RawResponse TlsPeer::read_response() {
  RawResponse response;
  response.head = read_until("\r\n\r\n");
  std::from_chars(response.head.data() + 9, response.head.data() + 12, response.status);
  std::size_t length = 0;
  const std::string text = response.header("Content-Length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  while (received_.size() < length) {
    if (!fill()) throw std::runtime_error("the server closed within a body");
  }
  response.body = received_.substr(0, length);
  received_.erase(0, length);
  return response;
}

std::string TlsPeer::end() {
  if (!received_.empty() || fill()) throw std::runtime_error("more came: " + received_);
  return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0 ? "close_notify" : "cut";
}

void TlsPeer::close() {
  SSL_shutdown(ssl_);
  ::close(fd_);
  fd_ = -1;
}

std::string TlsPeer::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsPeer::version() const {
  return SSL_get_version(ssl_);
}

long TlsPeer::serial() const {
  X509* certificate = SSL_get1_peer_certificate(ssl_);
  const long serial = ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
  X509_free(certificate);
  return serial;
}

}  // namespace mcp
