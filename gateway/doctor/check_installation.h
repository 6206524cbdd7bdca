#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/config/config_file.h"
#include "gateway/doctor/check.h"
#include "gateway/doctor/run_program.h"

namespace gateway {

/// This program.
Check check_version(const std::string& program);

/// A helper program of ours (switchyard-guardian, switchyard-confine), and what it says of its version.
Check check_helper(const std::string& path, const mcp::Result<ProgramOutput>& said);

/// What the system lets a process of ours have.
struct SystemLimits {
  std::uint64_t descriptors = 0, most_descriptors = 0;    // soft and hard limit of what can be open
  std::optional<std::uint64_t> watches, watch_instances;  // of inotify; {}: not known
  int watch_error = 0;                                    // errno of a try to watch a folder; 0: it went well
};

SystemLimits read_limits();

Checks check_limits(const SystemLimits& limits);

/// Whose certificates are believed.
struct AuthorityPlaces {
  std::string file, folder;

  /// Where OpenSSL looks: SSL_CERT_FILE and SSL_CERT_DIR, else what it was built with.
  static AuthorityPlaces of(const Environment& environment);
};

/// `wanted`: some server is reached over https.
Check check_authorities(const AuthorityPlaces& places, bool wanted);

}  // namespace gateway
