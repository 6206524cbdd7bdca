#include "mcp/http/tls_contexts.h"

#include <sys/stat.h>

#include <cstdlib>
#include <openssl/x509.h>
#include <utility>

namespace mcp {
namespace {

/// Changes when the file does.
void append_stamp(std::string& out, const std::string& file) {
  struct stat status = {};
  out += file;
  if (::stat(file.c_str(), &status) == 0) {
    for (const auto number : {static_cast<long long>(status.st_dev),
                              static_cast<long long>(status.st_ino),
                              static_cast<long long>(status.st_size),
                              static_cast<long long>(status.st_mtim.tv_sec),
                              static_cast<long long>(status.st_mtim.tv_nsec)})
      out += ' ' + std::to_string(number);
  }
  out += '\n';
}

std::string system_file() {
  const char* named = std::getenv(X509_get_default_cert_file_env());  // NOLINT(concurrency-mt-unsafe)
  return named == nullptr ? X509_get_default_cert_file() : named;
}

}  // namespace

Result<std::shared_ptr<const TlsClientContext>> TlsContexts::get(const std::string& ca_file) {
  std::string stamp;
  append_stamp(stamp, ca_file);
  append_stamp(stamp, system_file());
  auto& entry = entries_[ca_file];
  if (entry.context && entry.stamp == stamp) return entry.context;
  auto made = TlsClientContext::make(ca_file);
  if (!made) return std::unexpected(std::move(made.error()));
  std::shared_ptr<const TlsClientContext> context = std::move(*made);
  // OpenSSL does not say when it could not read the system's file (no descriptor left, say): that is not to last.
  if (context->has_authorities()) entry = {std::move(stamp), context};
  return context;
}

}  // namespace mcp
