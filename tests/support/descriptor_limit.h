#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>

namespace mcp {

/// While it lives, this process gets no more than so many descriptors beside those that are open.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(std::size_t more = 0) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(STDIN_FILENO);
    ::close(next);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next) + more;
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace mcp
