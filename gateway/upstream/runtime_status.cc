// What a runtime tells people of itself: its state, and why it is not ready.
#include <algorithm>
#include <utility>

#include "gateway/upstream/connect.h"
#include "gateway/upstream/runtime.h"
#include "gateway/upstream/sandbox.h"
#include "mcp/base/log.h"
#include "mcp/base/login_reason.h"
#include "mcp/transport/stdio_client.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;

namespace {

std::string seconds_text(std::chrono::milliseconds duration) {
  const auto tenths = (duration.count() + 50) / 100;
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " s";
}

}  // namespace

std::string_view to_string(RuntimeState state) {
  switch (state) {
    case RuntimeState::stopped:
      return "stopped";
    case RuntimeState::starting:
      return "starting";
    case RuntimeState::ready:
      return "ready";
    case RuntimeState::dormant:
      return "dormant";
    case RuntimeState::backing_off:
      return "backing_off";
    case RuntimeState::failed:
      return "failed";
  }
  return "failed";
}

Error Runtime::explain_timeout() const {
  const std::string limit = seconds_text(spec().startup_timeout);
  if (const auto* stdio = dynamic_cast<const mcp::StdioClient*>(transport_.get())) {
    if (const std::string noise = stdio->noise(); !noise.empty()) {
      return {
          ErrorCode::not_mcp,
          "the program writes to stdout what is no MCP message, and did not answer " + phase_ + " within " + limit + ": " + noise,
          "Check that the command starts an MCP server over stdio."};
    }
    std::string message = "no answer to " + phase_ + " within " + limit;
    if (const std::string tail = stdio->stderr_tail(); !tail.empty()) message += "; its last lines on stderr: " + tail;
    Error late{ErrorCode::timeout, std::move(message), "Raise startupTimeout if the server just needs longer to start."};
    return stdio->with_denials(std::move(late));
  }
  return {ErrorCode::timeout, "no answer to " + phase_ + " within " + limit, "Check the URL, or raise startupTimeout."};
}

/// A missing login is one reason everywhere: in the status, and for whoever calls. {}: that is not what is wrong.
std::optional<Error> Runtime::missing_login() const {
  if (!cause_ || state_ == RuntimeState::stopped) return std::nullopt;
  const std::string server = "server \"" + spec().name.str() + "\"";
  std::string what;
  switch (cause_->code) {
    case ErrorCode::login_required:
      what = server + " needs a login: ";
      break;
    case ErrorCode::reauthentication_required:
      what = server + " needs another login: ";
      break;
    case ErrorCode::credential_refused:
      what = server + " cannot be used with what the configuration says of its login: ";
      break;
    case ErrorCode::authorization_unavailable:
      what = server + " cannot be used for want of an access token: ";
      break;
    default:
      return std::nullopt;
  }
  return Error{cause_->code, what + cause_->message, cause_->remedy};
}

Error Runtime::unavailable() const {
  if (retired_) return retired_->reason;
  if (auto missing = missing_login()) return std::move(*missing);
  Error error{ErrorCode::server_unavailable, "server \"" + spec().name.str() + "\" is "};
  switch (state_) {
    case RuntimeState::backing_off:
      error.message += "down and will be tried again shortly";
      break;
    case RuntimeState::failed:
      error.message += "down and is not tried again";
      break;
    case RuntimeState::stopped:
      error.message += "stopped";
      break;
    default:
      error.message += "not ready";
  }
  if (cause_) {
    error.message += ": " + cause_->message;
    error.remedy = cause_->remedy;
  }
  return error;
}

void Runtime::log_ready(std::chrono::steady_clock::duration took) const {
  const auto count = [this](CatalogKind kind) { return static_cast<std::int64_t>(catalog()->entries(kind).size()); };
  mcp::log_info("upstream",
                "server ready",
                {{"server", spec().name.str()},
                 {"tools", count(CatalogKind::tools)},
                 {"prompts", count(CatalogKind::prompts)},
                 {"resources", count(CatalogKind::resources)},
                 {"restarts", std::int64_t{std::max(starts_ - 1 - wakes_, 0)}},
                 {"ms", std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}}});
}

std::optional<pid_t> Runtime::pid() const {
  const auto* stdio = dynamic_cast<const mcp::StdioClient*>(transport_.get());
  return stdio == nullptr ? std::nullopt : stdio->pid();
}

std::size_t Runtime::processes() const {
  if (!std::holds_alternative<StdioSpec>(spec().transport)) return 0;
  return (transport_ ? 1 : 0) + clients_->own_sessions_in_all();
}

std::size_t Runtime::ending_processes() const {
  if (processes() == 0) return 0;
  const bool ends = state_ == RuntimeState::dormant && transport_ != nullptr;
  return (ends ? 1 : 0) + (clients_->own_sessions_in_all() - clients_->own_sessions());
}

RuntimeStatus Runtime::status() const {
  RuntimeStatus status{.name = spec().name, .state = state_, .cause = cause_, .since = since_, .retry_at = retry_at_};
  status.transport = transport_name(spec(), transport_.get());
  status.target = live_->redaction().clean(describe_target(spec()));
  if (state_ == RuntimeState::starting) status.phase = phase_;
  status.pid = pid();
  if (const auto* stdio = dynamic_cast<const mcp::StdioClient*>(transport_.get())) {
    for (const mcp::Denial& denial : stdio->denials())
      status.denied.push_back(live_->redaction().clean(denial_text(denial)));
  }
  status.restarts = std::max(starts_ - 1 - wakes_, 0);
  status.tools = offered_;
  status.own_sessions = clients_->own_sessions() + own_.size();
  status.prompts = catalog()->entries(CatalogKind::prompts).size();
  status.resources = catalog()->entries(CatalogKind::resources).size();
  status.templates = catalog()->entries(CatalogKind::templates).size();
  const PoolUse own = clients_->pool_use();
  status.open_calls = own.open_requests + (session_ ? session_->open_requests() : 0);
  status.questions = own.questions + (session_ ? session_->open_questions() : 0);
  for (const auto& [key, runtime] : own_) {
    const RuntimeStatus one = runtime->status();
    status.own_sessions += one.own_sessions;
    status.open_calls += one.open_calls;
    status.questions += one.questions;
    status.queued += one.queued;
  }
  if (introduction_) status.version = std::string(mcp::to_string(introduction_->version));
  status.required = spec().required;
  if (access_.status) status.login = access_.status();
  status.usage = usage_;
  status.was_read = reader_.fresh() || reader_.remembers();
  status.stale = !reader_.fresh() && reader_.remembers();
  status.queued += gate_.queued();
  if (const auto until = breaker_.until(); until && *until > mcp::Clock::now()) {
    status.open_until = std::chrono::system_clock::now() +
                        std::chrono::duration_cast<std::chrono::system_clock::duration>(*until - mcp::Clock::now());
  }
  return status;
}

}  // namespace gateway
