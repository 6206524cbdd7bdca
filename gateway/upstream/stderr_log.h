#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "gateway/upstream/live_spec.h"
#include "mcp/base/clock.h"
#include "mcp/base/task.h"
#include "mcp/base/token_bucket.h"

namespace gateway {

/// Writes what a server prints on standard error to the log (target "stderr", level info), without the server's secrets. A burst of
/// 100 lines and then 100 a second; of what comes beyond that a line says how many lines were left out, five seconds after the
/// first of them and at the end. Loop thread only; held by shared_ptr because a timer may be running.
class StderrLog : public std::enable_shared_from_this<StderrLog> {
 public:
  StderrLog(const mcp::Executor& executor, LiveSpecPtr server);
  ~StderrLog();
  StderrLog(const StderrLog&) = delete;
  StderrLog& operator=(const StderrLog&) = delete;

  void add(std::string_view line);

 private:
  void leave_out();
  void tell_left_out();

  const LiveSpecPtr server_;
  mcp::TokenBucket allowed_;
  mcp::Timer timer_;
  std::size_t left_out_ = 0;  // lines nobody was told of yet
};

}  // namespace gateway
