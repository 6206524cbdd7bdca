#pragma once

#include <map>
#include <memory>
#include <string>

#include "mcp/base/result.h"
#include "mcp/http/tls_client.h"

namespace mcp {

/// The TLS settings of all clients of a process, one for each file of authorities: to read the system's authorities takes 20 ms, in
/// which the loop does nothing else. Made when they are first asked for, and anew once a file they were made of has changed. Loop
/// thread only.
class TlsContexts {
 public:
  /// As TlsClientContext::make(). Valid beyond the life of this object.
  Result<std::shared_ptr<const TlsClientContext>> get(const std::string& ca_file);

 private:
  struct Entry {
    std::string stamp;  // of the files it was made of
    std::shared_ptr<const TlsClientContext> context;
  };

  std::map<std::string, Entry> entries_;
};

}  // namespace mcp
