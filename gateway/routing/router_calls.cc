// tools/call: the way of a call to its server, and what is said of one that leads nowhere.
#include <utility>

#include "gateway/catalog/callable_name.h"
#include "gateway/routing/router.h"
#include "mcp/base/log.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::CallContext;
using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

/// How a call that was answered went, for the metrics.
std::string_view outcome_of(const Message& answer) {
  constexpr std::size_t kLookedAt = std::size_t{64} << 10;  // longer answers are hardly errors, and reading them twice costs
  if (answer.is_error()) return "rpc_error";
  const std::string_view result = answer.raw(answer.envelope().result);
  // Inside a JSON string the quotes would be escaped, so the plain search finds every real member.
  if (result.size() > kLookedAt || result.find("\"isError\"") == std::string_view::npos) return "ok";
  return mcp::member(result, "isError") == "true" ? "tool_error" : "ok";
}

void write_own_name(Message& request, const Route& route) {
  if (route.callable.str() == route.own_name.str()) return;
  request.replace(&mcp::Envelope::name, mcp::json_string(route.own_name.str()));
}

/// Says in the message which call it was.
void explain_call(Error& error, const Route& route) {
  // Where the server was not even asked, the message begins with it already.
  if (error.message.starts_with("server \"")) return;
  error.message = "calling \"" + route.own_name.str() + "\" of server \"" + route.server.str() + "\" failed: " + error.message;
}

}  // namespace

Task<Result<Message>> Router::call_tool(Message request, CallContext& context) {
  auto projection = view_->projection();
  const Route* route = projection->tools().find(request.name());
  if (route == nullptr) return call_unknown(std::move(request), context);
  return forward(std::move(projection), *route, std::move(request), context);
}

Task<Result<Message>> Router::call_unknown(Message request, CallContext& context) {
  if (request.name().empty()) co_return fail(ErrorCode::invalid_params, "tools/call needs params.name, a string");
  const auto began = Clock::now();
  // The client may know the name from an earlier life of ours, and its server may just be starting.
  co_await wait_for_first_start(context);
  co_await explore(context, began + context_.limits->startup_wait);
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  auto projection = view_->projection();
  const Route* route = projection->tools().find(request.name());
  if (route == nullptr) {
    Missing missing = answer_missing(request, *projection);
    context_.metrics->record(missing.server, missing.outcome, {.total = Clock::now() - began});
    if (!missing.login) co_return std::move(missing.answer);
    std::string id(request.id());
    co_return co_await answer_without_login(std::move(id), std::move(*missing.login), std::move(missing.server), context);
  }
  co_return co_await forward(std::move(projection), *route, std::move(request), context);
}

/// The memory that this function takes is asked for with every call: what can be is in functions of its own.
Task<Result<Message>> Router::forward([[maybe_unused]] std::shared_ptr<const Projection> pinned,
                                      const Route& route,
                                      Message request,
                                      CallContext& context) {
  const auto began = Clock::now();
  const auto mode = mode_of(route, request, context.caller());
  if (!mode) {
    context_.metrics->record(route.server, to_string(mode.error().code), {.total = Clock::now() - began});
    co_return std::unexpected(mode.error());
  }
  context.deadline = began + route.spec->call_timeout;
  const std::string id(request.id());
  write_own_name(request, route);
  const bool checked = context_.validator != nullptr && route.spec->checks.any();
  const auto send = [this, mode = *mode, &route, &context](Message checked_request) {
    return send_call(mode, route, std::move(checked_request), context);
  };
  Answer answering = checked ? context_.validator->call(route, std::move(request), context, send)
                             : send_call(*mode, route, std::move(request), context);
  auto answer = co_await std::move(answering);
  record_call(route, context, Clock::now() - began, answer);
  if (answer) co_return std::move(*answer);
  if (context.cancellation().requested()) co_return std::unexpected(std::move(answer).error());
  explain_call(answer.error(), route);
  // A tool's error is no answer to who asked for a task.
  if (*mode == CallMode::task) co_return std::unexpected(std::move(answer).error());
  if (answer.error().code == ErrorCode::login_required || answer.error().code == ErrorCode::reauthentication_required) {
    auto server = route.server;
    co_return co_await answer_without_login(id, std::move(answer).error(), std::move(server), context);
  }
  co_return mcp::tool_error_response(id, answer.error(), route.server.str());
}

void Router::record_call(const Route& route,
                         const CallContext& context,
                         Clock::duration taken,
                         const Result<Message>& answer) const {
  const std::string_view outcome = !answer ? to_string(answer.error().code) : outcome_of(*answer);
  context_.metrics->record(route.server, outcome, {.total = taken, .waited = context.waited, .upstream = context.upstream});
  if (!mcp::log_enabled("calls", mcp::LogLevel::debug)) return;
  mcp::log(mcp::LogLevel::debug,
           "calls",
           "tools/call",
           {{"server", route.server.str()},
            {"tool", route.own_name.str()},
            {"outcome", outcome},
            {"ms", std::chrono::duration<double, std::milli>(taken).count()}});
}

Router::Missing Router::answer_missing(const Message& request, const Projection& projection) const {
  const std::string name(request.name());
  const auto wrong = [&request](const Error& error, const ServerName& server) {
    return Missing{mcp::error_response(request.id(), error), to_string(error.code), server, {}};
  };
  const auto down = [&request](const Error& error, const ServerName& server) {
    Missing missing{mcp::tool_error_response(request.id(), error, server.str()), to_string(error.code), server, {}};
    if (error.code == ErrorCode::login_required || error.code == ErrorCode::reauthentication_required) missing.login = error;
    return missing;
  };
  const std::string shown = "\"" + name.substr(0, 200) + "\"";
  const auto renamed = projection.tools().find_renamed(name);
  const Route* route = projection.tools().find_filtered(name);
  if (route == nullptr && renamed && renamed->kind == NamedList::Fate::Kind::filtered) route = renamed->route;
  if (route != nullptr) {
    const Error error{
        ErrorCode::tool_filtered,
        "tool " + shown + " is kept back by the configuration (tools.allow / tools.deny of server \"" + route->server.str() + "\")",
        "Use another tool, or ask whoever runs the gateway to allow it."};
    return wrong(error, route->server);
  }
  if (renamed && renamed->kind == NamedList::Fate::Kind::offered) {
    const std::string callable = "\"" + renamed->route->callable.str() + "\"";
    const Error error{ErrorCode::unknown_tool, "tool " + shown + " is called " + callable + " here", "Call " + callable + "."};
    return wrong(error, renamed->route->server);
  }
  if (auto absence = explain_absence(name, "tool " + shown)) return down(absence->error, absence->server);
  const std::string near = projection.tools().nearest(name);
  const Error error{
      ErrorCode::unknown_tool,
      "there is no tool " + shown,
      near.empty() ? "See tools/list for those there are." : "Did you mean \"" + near + "\"? See tools/list for those there are."};
  return wrong(error, ServerName());
}

std::optional<Router::Absence> Router::explain_absence(std::string_view name, const std::string& what) const {
  // Only to say more; routing never takes a name apart.
  for (const auto& member : view_->members()) {
    const bool may_have_it = view_->naming().own_names || may_be_of(name, member->spec().name, view_->naming().max_length);
    if (member->serves() || !may_have_it) continue;
    Error error = member->unavailable();
    error.message = what + " is not there: " + error.message;
    return Absence{std::move(error), member->spec().name};
  }
  for (const AbsentServer& absent : view_->absent()) {
    if (!may_be_of(name, absent.name, view_->naming().max_length)) continue;
    const bool away = absent.kind == AbsentServer::Kind::environment;
    const ErrorCode code = away ? absent.why.code : ErrorCode::server_unavailable;
    return Absence{{code, what + " is not there: " + absent.why.message, absent.why.remedy}, absent.name};
  }
  return std::nullopt;
}

}  // namespace gateway
