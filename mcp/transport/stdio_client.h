#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "mcp/process/child_process.h"
#include "mcp/transport/transport.h"

namespace mcp {

struct StdioClientOptions {
  std::size_t max_message = std::size_t{64} << 20;   // bytes of one line on stdout; a longer one ends the connection (too_large)
  std::size_t max_queued = std::size_t{64} << 20;    // bytes waiting for a server that does not read its stdin; over it a request
                                                     // fails (overloaded)
  std::size_t max_answers = std::size_t{256} << 10;  // bytes of answers to the server's own requests among them; more are dropped
  std::size_t max_stderr_line = std::size_t{16} << 10;  // longer ones are cut
  int max_noise = 64;  // lines on stdout that are no JSON-RPC message, in all; one more ends the connection (not_mcp)
  std::function<void(std::string_view line)> on_stderr;  // one line, without the newline, as it came
  /// Takes out of a text of the server's what nobody may see (null: nothing), before a part of it goes into errors or the log.
  std::function<std::string(std::string_view text)> clean;
  /// For people: what the sandbox of a program denied, and what to do about it.
  std::function<std::string(const Denial&)> denial_text = [](const Denial& denial) { return denial.what; };
  std::function<std::string(const Denial&)> denial_remedy = [](const Denial&) { return std::string(); };
};

/// A Transport over the pipes of a child (MCP stdio: one message a line). open() starts the program.
///
/// Errors of open() and on_closed: those of ProcessLauncher; exited, with code or signal and the last lines of stderr; not_mcp,
/// with the offending line, cut; too_large; sandbox_denied instead of exited, where the program ended before the handshake was done
/// and its sandbox had denied it something. A line that is no message is logged and skipped (servers print banners) up to
/// max_noise; where the connection then ends or the handshake runs out of time, the first such line is named in the error (see
/// `noise`).
class StdioClient : public Transport {
 public:
  /// The server's pid while it runs.
  virtual std::optional<pid_t> pid() const = 0;

  /// The first line on stdout that was no message, cut to 200 bytes; "" when there was none.
  virtual std::string noise() const = 0;

  /// The last lines of stderr, joined with newlines, at most 2 KiB.
  virtual std::string stderr_tail() const = 0;

  /// What the program's sandbox denied, the first sixteen things.
  virtual const std::vector<Denial>& denials() const = 0;

  /// An error that says so, made of one that says what came of it. The error itself where nothing was denied.
  virtual Error with_denials(Error error) const = 0;
};

/// `launcher` must outlive the transport.
std::shared_ptr<StdioClient> make_stdio_client(const Executor& executor,
                                               ProcessLauncher& launcher,
                                               ChildSpec spec,
                                               StdioClientOptions options);

}  // namespace mcp
