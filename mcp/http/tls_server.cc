#include "mcp/http/tls_server.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mcp {
namespace {

constexpr off_t kMostBytes = off_t{1} << 20;  // of a file
constexpr std::size_t kMostCertificates = 16;

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freeing<BIO_free>>;

std::unexpected<Error> bad_file(const std::string& what, const std::string& file, const std::string& why, std::string remedy) {
  return fail(ErrorCode::tls_failed, what + " " + file + " cannot be used: " + why, std::move(remedy));
}

constexpr std::string_view kCertificate = "the TLS certificate";
constexpr std::string_view kKey = "the TLS key";

Result<std::string> read_file(std::string_view what, const std::string& file) {
  const auto unreadable = [&](const std::string& why) {
    return bad_file(std::string(what), file, why, "Name a PEM file that the gateway may read.");
  };
  struct stat info = {};
  if (::stat(file.c_str(), &info) != 0) return unreadable(std::generic_category().message(errno));
  if (!S_ISREG(info.st_mode)) return unreadable("it is not a file");
  if (info.st_size > kMostBytes) return unreadable("it is larger than 1 MiB");
  std::ifstream in(file, std::ios::binary);
  if (!in) return unreadable(std::generic_category().message(errno));
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

Bio reader_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Nobody is asked for a passphrase.
int no_passphrase(char* /*to*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<std::vector<Certificate>> read_certificates(const std::string& file) {
  const auto text = read_file(kCertificate, file);
  if (!text) return std::unexpected(text.error());
  const Bio reader = reader_of(*text);
  std::vector<Certificate> found;
  found.reserve(4);
  while (found.size() <= kMostCertificates) {
    ERR_clear_error();
    Certificate next(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    found.push_back(std::move(next));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (found.size() > kMostCertificates) {
    return bad_file(std::string(kCertificate), file, "it holds more than 16 certificates", "Leave those of other servers out.");
  }
  if (!at_end || found.empty()) {
    return bad_file(std::string(kCertificate),
                    file,
                    at_end ? "there is no certificate in PEM form in it" : "a certificate in it is damaged",
                    "It begins with -----BEGIN CERTIFICATE-----; the server's own comes first, then those between it and the "
                    "authority's.");
  }
  return found;
}

Result<Key> read_key(const std::string& file) {
  auto text = read_file(kKey, file);
  if (!text) return std::unexpected(std::move(text).error());
  const Bio reader = reader_of(*text);
  bool asked = false;
  ERR_clear_error();
  Key key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_passphrase, &asked));
  ERR_clear_error();
  OPENSSL_cleanse(text->data(), text->size());
  if (key) return key;
  if (asked) {
    return bad_file(
        std::string(kKey),
        file,
        "it is encrypted with a passphrase",
        "Take the passphrase off into a file of its own (openssl pkey -in OLD -out NEW), readable by the gateway alone.");
  }
  return bad_file(std::string(kKey),
                  file,
                  "there is no private key in PEM form in it",
                  "It begins with -----BEGIN PRIVATE KEY-----, or that of one kind (RSA, EC).");
}

/// RFC 7301: HTTP/1.1, or the alert that there is nothing in common.
int choose_protocol(SSL* /*ssl*/,
                    const unsigned char** chosen,
                    unsigned char* size,
                    const unsigned char* offered,
                    unsigned offered_size,
                    void* /*unused*/) {
  static constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
    const unsigned length = offered[at];
    if (at + 1 + length > offered_size) break;
    if (std::string_view(reinterpret_cast<const char*>(offered) + at + 1, length) != kHttp11) continue;
    *chosen = offered + at + 1;
    *size = static_cast<unsigned char>(length);
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string fingerprint_of(const X509* certificate) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i)
    text += {kDigits[digest[i] >> 4], kDigits[digest[i] & 0xF]};
  return text;
}

void set_up(ssl_ctx_st* context) {
  set_tls_basics(context);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Some macros have casts that we do not compile.
  SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

}  // namespace

bool TlsServerSession::got_plain_http() {
  return ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
}

Result<std::shared_ptr<const TlsServerContext>> TlsServerContext::make(const std::string& certificate_file,
                                                                       const std::string& key_file) {
  auto certificates = read_certificates(certificate_file);
  if (!certificates) return std::unexpected(std::move(certificates).error());
  const auto key = read_key(key_file);
  if (!key) return std::unexpected(key.error());
  X509* const own = certificates->front().get();
  ERR_clear_error();
  if (X509_check_private_key(own, key->get()) != 1) {
    ERR_clear_error();
    return bad_file(std::string(kKey),
                    key_file,
                    "it is not that of the first certificate in " + certificate_file,
                    "Name the key that the certificate was made for; the server's own certificate comes first in its file.");
  }
  std::shared_ptr<TlsServerContext> made(new TlsServerContext);
  made->context_ = SSL_CTX_new(TLS_server_method());
  auto* context = made->context_;
  if (context == nullptr) return fail(ErrorCode::tls_failed, "TLS cannot be set up.");
  set_up(context);
  bool taken = SSL_CTX_use_certificate(context, own) == 1 && SSL_CTX_use_PrivateKey(context, key->get()) == 1;
  for (std::size_t i = 1; taken && i < certificates->size(); ++i)
    taken = SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, (*certificates)[i].get()) == 1;
  if (!taken) {
    const std::string why = openssl_reason();
    ERR_clear_error();
    return bad_file(std::string(kCertificate), certificate_file, why, "Have one made of 2048 bits or more (RSA), or 256 (EC).");
  }
  made->not_after_ = time_of(X509_get0_notAfter(own));
  made->fingerprint_ = fingerprint_of(own);
  return made;
}

TlsServerContext::~TlsServerContext() {
  SSL_CTX_free(context_);
}

std::unique_ptr<TlsServerSession> TlsServerContext::accept(int socket) const {
  std::unique_ptr<TlsServerSession> made(new TlsServerSession);
  if (!made->open(context_, socket)) return nullptr;
  SSL_set_accept_state(made->ssl());
  return made;
}

}  // namespace mcp
