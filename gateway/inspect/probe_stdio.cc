#include "gateway/inspect/probe_stdio.h"

#include <algorithm>
#include <utility>

#include "gateway/inspect/rules.h"
#include "gateway/upstream/deadline.h"

namespace gateway {

using mcp::Message;
using mcp::Task;

namespace {

constexpr auto kCloseGrace = std::chrono::seconds(2);
constexpr std::size_t kQuietStderr = 20;  // lines that nobody minds

/// Takes what the server sends of its own accord, which does not matter here.
class DeafReceiver final : public mcp::Transport::Receiver {
 public:
  void on_message(Message, std::optional<std::uint64_t>) override {}
  void on_closed(const mcp::Error&) override {}
};

Task<mcp::Result<Message>> ask(const ProbeContext& context,
                               mcp::StdioClient& transport,
                               std::uint64_t id,
                               std::string_view method,
                               std::string_view params,
                               std::chrono::milliseconds patience) {
  mcp::Cancellation cancellation;
  const auto late = [] { return mcp::Error{mcp::ErrorCode::timeout, "no answer"}; };
  const Deadline deadline(context.executor, patience, late, cancellation);
  Message request = Message::request(std::to_string(id), method, params);
  co_return co_await transport.request(std::move(request), id, cancellation);
}

}  // namespace

std::shared_ptr<mcp::StdioClient> StdioTarget::connect() {
  mcp::StdioClientOptions options;
  options.clean = [&redaction = context_.redaction](std::string_view text) { return redaction.clean(text); };
  options.on_stderr = [this](std::string_view) { ++stderr_lines_; };
  return mcp::make_stdio_client(context_.executor, launcher_, child_, std::move(options));
}

void StdioTarget::judge_output(const mcp::StdioClient& transport) {
  if (const std::string noise = transport.noise(); !noise.empty()) {
    context_.inspection.findings.add(rules::kStdoutNoise,
                                     "it printed on standard output: \"" + context_.redaction.clean(noise) + "\"");
  }
  if (stderr_lines_ > kQuietStderr) {
    context_.inspection.findings.add(rules::kStderrNoise, std::to_string(stderr_lines_) + " lines on standard error");
  }
}

/// Whether the program is still there to be asked more.
Task<bool> StdioTarget::ask_early(std::shared_ptr<mcp::StdioClient> transport, std::chrono::milliseconds startup) {
  // The first answer has to wait for the program to come up; that it does, a ping tells, which is allowed before the handshake.
  const auto pong = co_await ask(context_, *transport, 1, "ping", "", startup);
  if (!pong && pong.error().code != mcp::ErrorCode::timeout) {
    context_.inspection.findings.add(rules::kEarlyEnd, "it ends when it is asked something before initialize");
    co_return false;
  }
  if (!pong) co_return true;
  const auto answer = co_await ask(context_, *transport, 2, "tools/list", "", context_.patience);
  if (answer && !answer->is_error()) {
    context_.inspection.findings.add(rules::kEarlyAnswer, "it answers tools/list before initialize");
  } else if (!answer && answer.error().code != mcp::ErrorCode::timeout) {
    context_.inspection.findings.add(rules::kEarlyEnd, "it ends when it is asked something before initialize");
    co_return false;
  }
  co_return true;
}

Task<void> StdioTarget::ask_for_revision(std::shared_ptr<mcp::StdioClient> transport, std::chrono::milliseconds startup) {
  const std::string params = initialize_params(kNoRevision);
  const auto answer = co_await ask(context_, *transport, 3, "initialize", params, startup);
  if (answer) {
    judge_revision_answer(context_.inspection.findings, *answer);
  } else {
    context_.inspection.findings.add(
        rules::kRefusedRevision,
        "asked for revision " + std::string(kNoRevision) + ": " + context_.redaction.clean(answer.error().message));
  }
}

Task<void> StdioTarget::probe_handshake(std::chrono::milliseconds startup) {
  DeafReceiver receiver;
  context_.on_step("before the handshake");
  auto transport = connect();
  const auto opened = co_await transport->open(receiver);
  const auto early = std::min<std::chrono::milliseconds>(startup, context_.patience);
  bool alive = opened.has_value();
  if (alive) alive = co_await ask_early(transport, early);
  if (!alive) {
    co_await transport->close(kCloseGrace);
    transport = connect();
    const auto again = co_await transport->open(receiver);
    if (!again) co_return;
  }
  context_.on_step("another revision");
  co_await ask_for_revision(transport, startup);
  co_await transport->close(kCloseGrace);
}

}  // namespace gateway
