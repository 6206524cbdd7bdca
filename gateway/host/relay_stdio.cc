#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <utility>

#include "gateway/downstream/relay.h"
#include "gateway/host/serve.h"
#include "gateway/host/stop_signals.h"
#include "mcp/transport/streamable_client.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMaxMessage = std::size_t{64} << 20;

Task<Result<>> run_relay(std::shared_ptr<Relay> relay, std::chrono::milliseconds drain) {
  auto opened = co_await relay->open();
  if (!opened) co_return opened;
  co_await relay->ended().wait();
  co_await relay->finish(std::chrono::steady_clock::now() + drain);
  if (relay->lost()) {
    mcp::Error error = *relay->lost();
    error.message = "the running gateway was lost: " + error.message;
    co_return std::unexpected(std::move(error));
  }
  co_return Result<>();
}

}  // namespace

Result<> relay_stdio(const std::string& mcp_url, std::chrono::milliseconds drain) {
  auto url = mcp::Url::parse(mcp_url);
  if (!url) return std::unexpected(std::move(url).error());
  asio::io_context loop(1);
  auto pipe = mcp::make_stdio_server(loop.get_executor(), STDIN_FILENO, STDOUT_FILENO, kMaxMessage, kMaxMessage);
  mcp::StreamableClientOptions options;
  auto transport = mcp::make_streamable_client(loop.get_executor(), std::move(*url), std::move(options));
  auto relay = std::make_shared<Relay>(loop.get_executor(), std::move(pipe), std::move(transport));
  asio::signal_set signals(loop);
  add_stop_signals(signals);
  signals.async_wait([relay](boost::system::error_code error, int) {
    if (!error) relay->ended().set();
  });
  Result<> outcome;
  asio::co_spawn(loop, run_relay(relay, drain), [&](std::exception_ptr, Result<> result) {
    outcome = std::move(result);
    loop.stop();
  });
  loop.run();
  return outcome;
}

}  // namespace gateway
