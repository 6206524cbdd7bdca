#include "gateway/config/config.h"

namespace gateway {

std::string ListenAddress::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Diagnostic::text(const std::string& file) const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + path + ": " + message;
}

}  // namespace gateway
