#include "mcp/base/event.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "mcp/base/clock.h"

namespace mcp {

namespace asio = boost::asio;

Event::Event(const Executor& executor) : timer_(executor, Timer::time_point::max()) {}

void Event::set() {
  if (set_) return;
  set_ = true;
  timer_.cancel();
}

Task<void> Event::wait() {
  // Another waiter's deadline wakes everybody, hence the loop.
  while (!set_)
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

Task<bool> Event::wait_until(std::chrono::steady_clock::time_point deadline) {
  if (set_) co_return true;
  struct State {
    bool expired = false;
    bool waiting = true;
  };
  // The handler may already be queued when the wait ends, so it may only touch what it owns.
  auto state = std::make_shared<State>();
  Timer timer(timer_.get_executor(), deadline);
  timer.async_wait([this, state](boost::system::error_code error) {
    if (error || !state->waiting) return;
    state->expired = true;
    timer_.cancel();
  });
  while (!set_ && !state->expired) {
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  state->waiting = false;
  co_return set_;
}

Task<void> sleep_for(std::chrono::steady_clock::duration duration) {
  Timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace mcp
