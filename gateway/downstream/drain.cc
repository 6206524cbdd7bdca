#include "gateway/downstream/drain.h"

#include <boost/asio/co_spawn.hpp>

#include "mcp/base/clock.h"
#include "mcp/base/event.h"

namespace gateway {

mcp::Task<void> drain_within(mcp::Executor executor,
                             std::shared_ptr<mcp::MessagePipe> pipe,
                             std::chrono::steady_clock::duration limit) {
  auto done = std::make_shared<mcp::Event>(executor);
  boost::asio::co_spawn(executor, pipe->drain(), [pipe, done](const std::exception_ptr&) { done->set(); });
  co_await done->wait_until(mcp::Clock::now() + limit);
}

}  // namespace gateway
