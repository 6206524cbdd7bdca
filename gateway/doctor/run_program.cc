#include "gateway/doctor/run_program.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "gateway/upstream/deadline.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kMostText = 4096;

Task<std::string> read_beginning(mcp::ChildProcess& child) {
  std::string text;
  std::array<char, kMostText> buffer{};
  for (;;) {
    boost::system::error_code error;
    const auto space = asio::buffer(buffer);
    const std::size_t count = co_await child.stdout_pipe().async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return text;
    text.append(buffer.data(), std::min(count, kMostText - text.size()));
  }
}

}  // namespace

Task<Result<ProgramOutput>> run_program(mcp::ProcessLauncher& launcher, mcp::ChildSpec spec, std::chrono::milliseconds patience) {
  const std::string name = spec.command;
  auto child = co_await launcher.launch(std::move(spec));
  if (!child) co_return std::unexpected(std::move(child).error());
  auto& pipe = (*child)->stdin_pipe();
  pipe.close();
  mcp::Cancellation cancellation;
  const auto late = [&name] { return mcp::Error{mcp::ErrorCode::timeout, name + " did not end"}; };
  const Deadline deadline((*child)->stdout_pipe().get_executor(), patience, late, cancellation);
  const mcp::Cancellation::Callback on_late(cancellation, [&child] { (*child)->kill(); });
  ProgramOutput output;
  output.text = co_await read_beginning(**child);
  co_await (*child)->wait_gone();
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if ((*child)->exit()) output.exit = *(*child)->exit();
  co_return output;
}

}  // namespace gateway
