#include "mcp/transport/stdio_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "mcp/base/clock.h"
#include "mcp/base/event.h"
#include "mcp/base/log.h"
#include "mcp/rpc/batch.h"
#include "mcp/rpc/pending_calls.h"
#include "mcp/rpc/refused_response.h"
#include "mcp/transport/line_reader.h"
#include "mcp/transport/line_writer.h"
#include "mcp/transport/text_tail.h"

namespace mcp {

namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds kExitAfterEof{500};  // an ending server closes its stdout before its exit is known
constexpr milliseconds kEofAfterExit{200};  // and what it wrote last is read after it
constexpr milliseconds kStderrAfterEnd{100};
constexpr milliseconds kLastWrites{200};  // at close, for a notice that is queued still
constexpr std::size_t kShownNoise = 200;
constexpr std::size_t kCleanedNoise = 512;  // what is shown is cut after the cleaning, so that no half secret stays at its end
constexpr int kLoudNoise = 3;               // a banner; more of it is for those who look for it
constexpr std::size_t kStderrTail = 2048;
constexpr std::size_t kKeptDenials = 16;
constexpr std::size_t kNamedDenials = 3;  // in an error
constexpr std::string_view kServersFault = "That is a mistake of the server's: see whether there is a newer version of it.";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

class StdioClientImpl final : public StdioClient, public std::enable_shared_from_this<StdioClientImpl> {
 public:
  StdioClientImpl(const Executor& executor, ProcessLauncher& launcher, ChildSpec spec, StdioClientOptions options)
      : executor_(executor), launcher_(launcher), spec_(std::move(spec)), options_(std::move(options)) {}

  ~StdioClientImpl() override { stop_pipes(); }

  Task<Result<>> open(Receiver& receiver) override;
  Task<Result<Message>> request(Message request, std::uint64_t id, Cancellation& cancellation) override;
  void send(Message message) override;
  void negotiated(ProtocolVersion version) override {
    negotiated_ = true;
    batches_ = version == ProtocolVersion::v2025_03_26 ? Batches::allowed : Batches::refused;
  }

  Task<void> close(Clock::duration grace) override;

  std::optional<pid_t> pid() const override { return child_ && !child_->exit() ? std::optional(child_->pid()) : std::nullopt; }
  std::string noise() const override { return noise_; }
  std::string stderr_tail() const override { return errors_.text(); }
  const std::vector<Denial>& denials() const override { return denials_; }
  Error with_denials(Error error) const override;

 private:
  void start_pipes();
  void stop_pipes();
  void on_line(LineBuffer::Line line);
  void on_text(std::string&& text);
  void on_refused_batch(std::string& text, const Error& why);
  void on_refused(std::string_view line, const Error& why);
  bool fail_answered(std::uint64_t id, std::string_view text, const Error& why);
  void on_noise(std::string_view beginning);
  std::string cleaned(std::string_view text) const { return options_.clean ? options_.clean(text) : std::string(text); }
  std::string shown_noise(std::string_view text) const { return cleaned(text.substr(0, kCleanedNoise)).substr(0, kShownNoise); }
  void on_stderr(std::string_view line);
  void on_output_end(std::string_view rest);
  bool write_answer(Message message);

  static Task<void> watch_exit(std::weak_ptr<StdioClientImpl> weak, Task<void> exit);
  static Task<void> conclude_from(std::shared_ptr<StdioClientImpl> self);
  void conclude();
  Error reason_of_end() const;
  Error too_many_noise() const;
  void finish(Error reason);

  const Executor executor_;
  ProcessLauncher& launcher_;
  ChildSpec spec_;
  const StdioClientOptions options_;

  Receiver* receiver_ = nullptr;
  Batches batches_ = Batches::refused;
  std::shared_ptr<ChildProcess> child_;  // from open() to close()
  std::shared_ptr<LineReader> output_, stderr_;
  std::shared_ptr<LineWriter> input_;
  PendingCalls pending_;
  std::size_t answers_ = 0;          // bytes of answers in input_'s queue, at most: none of them counts as written before all are
  std::uint64_t answers_until_ = 0;  // where the last of them ends, in input_->accepted()

  std::string noise_;
  int noise_lines_ = 0;
  bool dropping_ = false;  // a message was dropped, and nothing has changed since
  TextTail errors_{kStderrTail};
  std::vector<Denial> denials_;
  bool negotiated_ = false;

  Event launched_{executor_}, exit_seen_{executor_}, output_end_{executor_}, stderr_end_{executor_}, closed_{executor_};
  bool launching_ = false;
  bool concluding_ = false;
  bool closing_ = false;
  std::optional<Error> ended_;  // why, where it was not close()
};

Error closing_error() {
  return {ErrorCode::shutting_down, "the connection is being closed."};
}

Task<Result<>> StdioClientImpl::open(Receiver& receiver) {
  const auto self = shared_from_this();
  receiver_ = &receiver;
  launching_ = true;
  ChildSpec spec = spec_;
  spec.on_denied = [weak = weak_from_this(), outer = spec_.on_denied](const Denial& denial) {
    const auto client = weak.lock();
    if (client && client->denials_.size() < kKeptDenials) client->denials_.push_back(denial);
    if (outer) outer(denial);
  };
  auto child = co_await launcher_.launch(std::move(spec));
  launching_ = false;
  launched_.set();
  if (closing_) co_return std::unexpected(closing_error());  // and the child, if there is one, is let go of
  if (!child) {
    ended_ = child.error();
    co_return std::unexpected(std::move(child).error());
  }
  child_ = *std::move(child);
  start_pipes();
  co_return Result<>();
}

void StdioClientImpl::start_pipes() {
  input_ = std::make_shared<LineWriter>(child_->stdin_pipe(), options_.max_queued, [this] { conclude(); });
  output_ = std::make_shared<LineReader>(child_->stdout_pipe(),
                                         options_.max_message,
                                         LineReader::Receiver{[this](LineBuffer::Line line) { on_line(std::move(line)); },
                                                              [this](std::string_view rest) { on_output_end(rest); }});
  const auto on_stderr_end = [this](std::string_view rest) {
    if (!rest.empty()) on_stderr(rest);
    stderr_end_.set();
  };
  stderr_ = std::make_shared<LineReader>(
      child_->stderr_pipe(),
      options_.max_stderr_line,
      LineReader::Receiver{[this](const LineBuffer::Line& line) { on_stderr(line.text); }, on_stderr_end});
  input_->let_pipe_grow();
  output_->let_pipe_grow();
  output_->start();
  stderr_->start();
  asio::co_spawn(executor_, watch_exit(weak_from_this(), child_->wait_exit()), asio::detached);
}

void StdioClientImpl::stop_pipes() {
  if (!child_) return;
  input_->stop();
  output_->stop();
  stderr_->stop();
}

void StdioClientImpl::on_line(LineBuffer::Line line) {
  if (closing_ || is_blank(line.text)) return;
  if (line.cut) {
    return finish({ErrorCode::too_large,
                   "'" + spec_.command + "' sent a message longer than " + std::to_string(options_.max_message) + " bytes.",
                   "Ask the server for less at a time."});
  }
  const auto taken =
      for_each_message_text(std::move(line.text), batches_, [this](std::string&& text) { on_text(std::move(text)); });
  // NOLINTNEXTLINE(bugprone-use-after-move): what is refused is given back
  if (!taken) on_refused_batch(line.text, taken.error());
}

void StdioClientImpl::on_text(std::string&& text) {
  if (closing_ || ended_) return;  // by what stood before it in a batch
  auto message = Message::parse(std::move(text));
  // NOLINTNEXTLINE(bugprone-use-after-move): what is refused is given back
  if (!message) return on_refused(text, message.error());
  if (message->kind() != MessageKind::response) return receiver_->on_message(*std::move(message), std::nullopt);
  if (!pending_.complete(*message)) {
    log_debug("upstream", "a response nobody waits for", {{"command", spec_.command}, {"id", message->id()}});
  }
}

/// A text that is no message: where it was to answer a call, that call ends.
void StdioClientImpl::on_refused(std::string_view line, const Error& why) {
  const auto id = refused_response_id(line);
  if (!id || !fail_answered(*id, line, why)) on_noise(line);
}

/// The same for one that was to answer many.
void StdioClientImpl::on_refused_batch(std::string& text, const Error& why) {
  bool failed = false;
  for (const std::uint64_t id : refused_batch_ids(text))
    failed |= fail_answered(id, text, why);
  if (!failed) on_noise(text);
}

bool StdioClientImpl::fail_answered(std::uint64_t id, std::string_view text, const Error& why) {
  return pending_.fail(id,
                       {ErrorCode::not_mcp,
                        "'" + spec_.command + "' answered with what is no MCP message (" + why.message + "): " + shown_noise(text),
                        std::string(kServersFault)});
}

void StdioClientImpl::on_noise(std::string_view beginning) {
  const std::string line = shown_noise(beginning);
  if (noise_lines_++ == 0) noise_ = line;
  const LogLevel level = noise_lines_ <= kLoudNoise ? LogLevel::warn : LogLevel::debug;
  log(level, "upstream", "a line on stdout is no message", {{"command", spec_.command}, {"line", line}});
  if (noise_lines_ > options_.max_noise) finish(too_many_noise());
}

Error StdioClientImpl::too_many_noise() const {
  return {ErrorCode::not_mcp,
          "'" + spec_.command + "' wrote " + std::to_string(noise_lines_) +
              " lines on its standard output that are no messages; the first: '" + noise_ + "'.",
          "Is it an MCP server, and told to use stdio? Its log belongs on standard error."};
}

void StdioClientImpl::on_stderr(std::string_view line) {
  // The tail keeps the end of a long line; a secret that begins in front of that end has to be seen whole.
  errors_.add_line(cleaned(line.substr(line.size() - std::min(line.size(), 2 * kStderrTail))));
  if (options_.on_stderr) options_.on_stderr(line);
}

void StdioClientImpl::on_output_end(std::string_view rest) {
  if (!is_blank(rest) && !closing_) {
    log_warn("upstream",
             "ended in the middle of a line",
             {{"command", spec_.command}, {"line", shown_noise(rest)}, {"bytes", static_cast<std::int64_t>(rest.size())}});
  }
  output_end_.set();
  conclude();
}

Task<void> StdioClientImpl::watch_exit(std::weak_ptr<StdioClientImpl> weak, Task<void> exit) {
  co_await std::move(exit);
  const auto self = weak.lock();
  if (!self) co_return;
  self->exit_seen_.set();
  // What it started may hold its stdout open.
  co_await self->output_end_.wait_until(Clock::now() + kEofAfterExit);
  self->conclude();
}

/// The connection is at its end; why is known in a moment.
void StdioClientImpl::conclude() {
  if (concluding_ || ended_ || closing_) return;
  concluding_ = true;
  asio::co_spawn(executor_, conclude_from(shared_from_this()), asio::detached);
}

Task<void> StdioClientImpl::conclude_from(std::shared_ptr<StdioClientImpl> self) {
  co_await self->exit_seen_.wait_until(Clock::now() + kExitAfterEof);
  co_await self->stderr_end_.wait_until(Clock::now() + kStderrAfterEnd);
  self->finish(self->reason_of_end());
}

Error StdioClientImpl::reason_of_end() const {
  Error reason;
  if (child_ && child_->exit()) {
    reason = {ErrorCode::exited,
              "'" + spec_.command + "' ended: " + child_->exit()->text() + ".",
              "Run the command in a shell to see why it ends."};
  } else if (output_end_.is_set()) {
    reason = {ErrorCode::connection_lost,
              "'" + spec_.command + "' closed its standard output, though it still runs.",
              std::string(kServersFault)};
  } else {
    reason = {ErrorCode::connection_lost,
              "'" + spec_.command + "' closed its standard input, though it still runs.",
              std::string(kServersFault)};
  }
  if (!errors_.text().empty()) reason.message += " Its last lines on standard error: " + errors_.text();
  if (!noise_.empty()) reason.message += " The first line on its standard output that was no message: '" + noise_ + "'.";
  return negotiated_ || reason.code != ErrorCode::exited ? reason : with_denials(std::move(reason));
}

Error StdioClientImpl::with_denials(Error error) const {
  if (denials_.empty()) return error;
  std::string denied;
  for (std::size_t i = 0; i < std::min(denials_.size(), kNamedDenials); ++i)
    denied += (i == 0 ? "" : ", ") + options_.denial_text(denials_[i]);
  if (denials_.size() > kNamedDenials) denied += " and " + std::to_string(denials_.size() - kNamedDenials) + " more";
  error.code = ErrorCode::sandbox_denied;
  error.message = "its sandbox denied " + denied + "; then: " + error.message;
  error.remedy = options_.denial_remedy(denials_.front());
  return error;
}

void StdioClientImpl::finish(Error reason) {
  if (ended_ || closing_) return;
  ended_ = std::move(reason);
  output_->stop();
  input_->stop();
  pending_.fail_all(*ended_);
  receiver_->on_closed(*ended_);
}

Task<Result<Message>> StdioClientImpl::request(Message request, std::uint64_t id, Cancellation& cancellation) {
  const auto self = shared_from_this();
  if (cancellation.requested()) co_return std::unexpected(cancellation.reason());
  if (closing_) co_return std::unexpected(closing_error());
  if (ended_) co_return std::unexpected(*ended_);
  if (!child_) co_return fail(ErrorCode::connection_lost, "'" + spec_.command + "' was not started.");
  PendingCalls::Waiter waiter(pending_, id, executor_);
  if (!input_->write(std::move(request))) {
    // A pipe that has just failed takes nothing either; why it did is on its way to every waiter.
    if (!concluding_) {
      co_return fail(ErrorCode::overloaded,
                     "'" + spec_.command + "' does not read its input: " + std::to_string(input_->queued()) + " bytes wait for it.",
                     "Try again later; a server that stays so is stuck and wants a restart.");
    }
  }
  Cancellation::Callback on_cancel(cancellation, [&] { waiter.fail(cancellation.reason()); });
  co_await waiter.done().wait();
  co_return waiter.take();
}

void StdioClientImpl::send(Message message) {
  if (!child_ || closing_ || ended_) return;
  if (input_->queued() == 0) dropping_ = false;
  const bool answer = message.kind() == MessageKind::response;
  const bool taken = answer ? write_answer(std::move(message)) : input_->write(std::move(message));
  if (taken || concluding_ || std::exchange(dropping_, true)) return;
  log_warn("upstream", "messages are dropped: too much waits to be read", {{"command", spec_.command}});
}

/// A server that asks and never reads costs no more memory than a few thousand answers take.
bool StdioClientImpl::write_answer(Message message) {
  if (input_->accepted() - input_->queued() >= answers_until_) answers_ = 0;
  const std::size_t size = message.text().size() + 1;
  if (answers_ + size > options_.max_answers || !input_->write(std::move(message))) return false;
  answers_ += size;
  answers_until_ = input_->accepted();
  return true;
}

Task<void> StdioClientImpl::close(Clock::duration grace) {
  const auto self = shared_from_this();
  if (closing_) {
    co_await closed_.wait();
    co_return;
  }
  closing_ = true;
  pending_.fail_all(closing_error());
  if (launching_) co_await launched_.wait_until(Clock::now() + grace);
  if (child_) {
    const Clock::duration last_writes = std::min<Clock::duration>(grace, kLastWrites);
    co_await input_->drain(Clock::now() + last_writes);
    input_->stop();
    boost::system::error_code ignored;
    // A server that nobody reads any more would wait for us at its next line.
    if (ended_) child_->stdout_pipe().close(ignored);
    co_await child_->stop(grace);
    stop_pipes();
    child_.reset();
  }
  closed_.set();
}

}  // namespace

std::shared_ptr<StdioClient> make_stdio_client(const Executor& executor,
                                               ProcessLauncher& launcher,
                                               ChildSpec spec,
                                               StdioClientOptions options) {
  return std::make_shared<StdioClientImpl>(executor, launcher, std::move(spec), std::move(options));
}

}  // namespace mcp
