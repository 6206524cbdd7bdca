#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <utility>

#include "gateway/downstream/relay.h"
#include "gateway/host/endpoint_url.h"
#include "gateway/host/serve.h"
#include "gateway/host/state_file.h"
#include "gateway/host/stop_signals.h"
#include "mcp/transport/streamable_client.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMaxMessage = std::size_t{64} << 20;

Task<Result<>> run_relay(std::shared_ptr<Relay> relay, std::chrono::milliseconds drain) {
  relay->open();
  co_await relay->ended().wait();
  co_await relay->finish(std::chrono::steady_clock::now() + drain);
  if (relay->lost()) co_return std::unexpected(*relay->lost());
  co_return Result<>();
}

/// A transport to the gateway that runs now, null for none.
Result<std::shared_ptr<mcp::Transport>> find_transport(const mcp::Executor& executor, const RelayStdioOptions& options) {
  const auto running = find_running_gateway(options.state_dir);
  if (!running) return std::unexpected(running.error());
  if (!*running || (*running)->mcp_url.empty()) return nullptr;
  auto url = mcp::Url::parse(endpoint_url((*running)->local_url, options.profile));
  if (!url) return std::unexpected(std::move(url).error());
  mcp::StreamableClientOptions client;
  if (!(*running)->mcp_token.empty()) client.headers.emplace_back("Authorization", "Bearer " + (*running)->mcp_token);
  return mcp::make_streamable_client(executor, std::move(*url), std::move(client));
}

}  // namespace

Result<> relay_stdio(const RelayStdioOptions& options) {
  asio::io_context loop(1);
  auto pipe = mcp::make_stdio_server(loop.get_executor(), STDIN_FILENO, STDOUT_FILENO, kMaxMessage, kMaxMessage);
  RelayOptions relaying;
  relaying.find = [executor = mcp::Executor(loop.get_executor()), &options] { return find_transport(executor, options); };
  relaying.patience = options.patience;
  auto relay = std::make_shared<Relay>(loop.get_executor(), std::move(pipe), std::move(relaying));
  asio::signal_set signals(loop);
  add_stop_signals(signals);
  signals.async_wait([relay](boost::system::error_code error, int) {
    if (!error) relay->ended().set();
  });
  Result<> outcome;
  asio::co_spawn(loop, run_relay(relay, options.drain), [&](const std::exception_ptr&, Result<> result) {
    outcome = std::move(result);
    loop.stop();
  });
  loop.run();
  return outcome;
}

}  // namespace gateway
