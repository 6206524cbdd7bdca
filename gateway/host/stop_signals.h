#pragma once

#include <boost/asio/signal_set.hpp>
#include <csignal>

namespace gateway {

/// Has `signals` take what asks the program to end: SIGTERM, SIGINT, and SIGHUP unless it was started to ignore that (nohup).
inline void add_stop_signals(boost::asio::signal_set& signals) {
  signals.add(SIGTERM);
  signals.add(SIGINT);
  struct sigaction before{};
  const bool ignored = ::sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
  if (!ignored) signals.add(SIGHUP);
}

}  // namespace gateway
