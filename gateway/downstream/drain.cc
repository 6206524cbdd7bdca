#include "gateway/downstream/drain.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "mcp/base/event.h"

namespace gateway {

using mcp::Task;

namespace {

Task<void> drain(std::shared_ptr<mcp::MessagePipe> pipe, std::shared_ptr<mcp::Event> drained) {
  co_await pipe->drain();
  drained->set();
}

}  // namespace

Task<void> drain_until(std::shared_ptr<mcp::MessagePipe> pipe, std::chrono::steady_clock::time_point deadline) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto drained = std::make_shared<mcp::Event>(executor);
  boost::asio::co_spawn(executor, drain(std::move(pipe), drained), boost::asio::detached);
  co_await drained->wait_until(deadline);
}

}  // namespace gateway
