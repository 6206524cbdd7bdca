#include "mcp/http/timed_cancellation.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "mcp/base/clock.h"

namespace mcp {

TimedCancellation::TimedCancellation(const Executor& executor,
                                     Cancellation* parent,
                                     std::chrono::steady_clock::time_point deadline,
                                     Error too_late)
    : own_(std::make_shared<Cancellation>()), timer_(executor, deadline) {
  // The handler may be queued already when this object goes.
  timer_.async_wait([own = std::weak_ptr(own_), reason = std::move(too_late)](boost::system::error_code error) {
    const auto still = own.lock();
    if (!error && still) still->request(reason);
  });
  if (parent != nullptr) from_parent_.emplace(*parent, [this, parent] { own_->request(parent->reason()); });
}

Task<void> pause(std::chrono::steady_clock::duration time, Cancellation& cancellation) {
  if (cancellation.requested()) co_return;
  Timer timer(co_await boost::asio::this_coro::executor, time);
  const Cancellation::Callback on_cancel(cancellation, [&timer] { timer.cancel(); });
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

}  // namespace mcp
