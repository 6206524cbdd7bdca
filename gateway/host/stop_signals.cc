#include "gateway/host/stop_signals.h"

#include <unistd.h>

#include <utility>

#include "mcp/base/log.h"

namespace gateway {

void StopSignals::watch(Listener listener) {
  listener_ = std::move(listener);
  add_stop_signals(signals_);
  wait();
}

void StopSignals::wait() {
  signals_.async_wait([this](boost::system::error_code error, int signal) {
    if (error) return;
    if (signal == SIGHUP && !terminal_.is_closed() && listener_.on_reload()) return wait();
    listener_.on_stop(signal);
    watch_for_hurry();
  });
}

/// A second signal ends the wait for calls in flight. A terminal that closes may send SIGHUP twice, from the shell and from the
/// kernel, and nobody is in a hurry then.
void StopSignals::watch_for_hurry() {
  signals_.async_wait([this](boost::system::error_code error, int signal) {
    if (error) return;
    if (signal == SIGHUP) return watch_for_hurry();
    mcp::flush_log();
    ::_exit(130);
  });
}

}  // namespace gateway
