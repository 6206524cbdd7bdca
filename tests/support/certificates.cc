#include "tests/support/certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace mcp {
namespace {

constexpr long kDay = 24L * 60 * 60;

EVP_PKEY* make_key() {
  // The macro for this has a cast that we do not compile.
  std::string curve = "P-256";
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.data());
}

void add_extension(X509* certificate, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* make_certificate(EVP_PKEY* key, const CertificateSpec& spec, X509* issuer, EVP_PKEY* issuer_key, long serial) {
  auto* made = X509_new();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
  X509_gmtime_adj(X509_getm_notBefore(made), -10 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(made), spec.expired ? -kDay : spec.days * kDay);
  X509_set_pubkey(made, key);
  auto* name = X509_get_subject_name(made);
  std::vector<unsigned char> text(spec.common_name.begin(), spec.common_name.end());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text.data(), static_cast<int>(text.size()), -1, 0);
  X509_set_issuer_name(made, X509_get_subject_name(issuer == nullptr ? made : issuer));
  if (issuer == nullptr) add_extension(made, made, NID_basic_constraints, "critical,CA:TRUE");
  if (!spec.alternative_names.empty()) add_extension(made, issuer, NID_subject_alt_name, spec.alternative_names);
  X509_sign(made, issuer_key, EVP_sha256());
  return made;
}

/// What was written to a BIO of memory, and ends it.
std::string take_text(BIO* memory) {
  char* text = nullptr;
  auto size = BIO_ctrl(memory, BIO_CTRL_INFO, 0, &text);
  std::string out(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return out;
}

}  // namespace

TestAuthority::TestAuthority() : key_(make_key()) {
  CertificateSpec spec{"Switchyard test authority", ""};
  certificate_ = make_certificate(key_, spec, nullptr, key_, 1);
}

TestAuthority::~TestAuthority() {
  for (auto* server : servers_)
    SSL_CTX_free(server);
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::string TestAuthority::pem() const {
  auto* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate_);
  return take_text(memory);
}

IssuedPem TestAuthority::issue(const CertificateSpec& spec) {
  auto* key = make_key();
  auto* certificate = make_certificate(key, spec, certificate_, key_, ++serial_);
  auto* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate);
  IssuedPem issued{take_text(memory), ""};
  memory = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
  issued.key = take_text(memory);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return issued;
}

ssl_ctx_st* TestAuthority::server(const CertificateSpec& spec) {
  auto* key = make_key();
  auto* certificate = make_certificate(key, spec, certificate_, key_, ++serial_);
  auto* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  servers_.push_back(context);
  return context;
}

}  // namespace mcp
