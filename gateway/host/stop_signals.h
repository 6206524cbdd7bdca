#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <functional>

namespace gateway {

/// Has `signals` take what asks the program to end: SIGTERM, SIGINT, and SIGHUP, which may also ask for something else
/// (ControllingTerminal), unless the program was started to ignore that (nohup).
inline void add_stop_signals(boost::asio::signal_set& signals) {
  signals.add(SIGTERM);
  signals.add(SIGINT);
  struct sigaction before{};
  const bool ignored = ::sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
  if (!ignored) signals.add(SIGHUP);
}

/// Tells the two meanings of SIGHUP apart: the terminal that the program was started from has been closed, or somebody asks for a
/// reload.
class ControllingTerminal {
 public:
  ControllingTerminal() : had_one_(can_be_opened()) {}

  bool is_closed() const { return had_one_ && !can_be_opened(); }

 private:
  static bool can_be_opened() {
    const int descriptor = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return false;
    ::close(descriptor);
    return true;
  }

  bool had_one_;
};

/// The signals of a program that serves until it is told to stop. A second one, after the first that asks it to stop, ends the
/// process at once. Loop thread only; cancel() before it is destroyed.
class StopSignals {
 public:
  explicit StopSignals(boost::asio::io_context& loop) : signals_(loop) {}

  struct Listener {
    std::function<bool()> on_reload;          // SIGHUP while the terminal is there; false: it is to stop
    std::function<void(int signal)> on_stop;  // once
  };

  void watch(Listener listener);
  void cancel() { signals_.cancel(); }

 private:
  void wait();
  void watch_for_hurry();

  boost::asio::signal_set signals_;
  const ControllingTerminal terminal_;
  Listener listener_;
};

}  // namespace gateway
