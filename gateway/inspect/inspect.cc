#include "gateway/inspect/inspect.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/inspect/check_items.h"
#include "gateway/inspect/probe_http.h"
#include "gateway/inspect/probe_session.h"
#include "gateway/inspect/probe_stdio.h"
#include "gateway/inspect/rules.h"
#include "gateway/upstream/connect.h"
#include "gateway/upstream/login_advice.h"
#include "gateway/upstream/redaction.h"
#include "gateway/upstream/sandbox.h"

namespace gateway {

using mcp::Result;
using mcp::Task;

namespace {

Task<Result<>> inspect_stdio(ProbeContext& context,
                             const ServerSpec& spec,
                             mcp::ProcessLauncher& launcher,
                             const Environment& environment) {
  StdioTarget target(context, launcher, make_child_spec(spec, environment));
  const auto transport = target.connect();
  auto reached = co_await probe_session(context, transport, spec.startup_timeout);
  if (!reached) co_return reached;
  target.judge_output(*transport);
  co_await target.probe_handshake(spec.startup_timeout);
  co_return Result<>();
}

Task<Result<>> inspect_http(ProbeContext& context,
                            const ServerSpec& spec,
                            mcp::ProcessLauncher& launcher,
                            const Environment& environment) {
  const auto server = std::make_shared<const LiveSpec>(spec);
  TransportNeeds needs{.executor = context.executor, .launcher = &launcher, .environment = environment, .proxy = context.proxy};
  auto transport = make_transport(std::move(needs), server);
  if (!transport) co_return std::unexpected(std::move(transport).error());
  auto reached = co_await probe_session(context, *transport, spec.startup_timeout);
  if (!reached) co_return reached;
  if (transport_name(spec, transport->get()) == "http+sse") {
    context.inspection.transport = "HTTP+SSE";
    context.inspection.findings.add(rules::kOldTransport, "it is reached by HTTP+SSE");
  } else {
    co_await probe_http(context, std::get<HttpSpec>(spec.transport));
  }
  co_return reached;
}

}  // namespace

Result<Inspection> inspect(const ServerSpec& spec, InspectionOptions options) {
  Inspection inspection;
  const Redaction redaction(spec);
  const bool stdio = std::holds_alternative<StdioSpec>(spec.transport);
  inspection.target = redaction.clean(describe_target(spec));
  inspection.transport = stdio ? "stdio" : "streamable HTTP";
  boost::asio::io_context loop(1);
  const auto launcher = mcp::make_process_launcher({.guardian = options.guardian, .records = options.records});
  if (!options.on_step) options.on_step = [](const std::string&) {};
  ProbeContext context{.executor = loop.get_executor(),
                       .redaction = redaction,
                       .patience = options.patience,
                       .on_step = options.on_step,
                       .inspection = inspection,
                       .proxy = std::make_shared<mcp::ProxySettings>(options.environment)};
  std::optional<Result<>> reached;
  auto work = stdio ? inspect_stdio(context, spec, *launcher, options.environment)
                    : inspect_http(context, spec, *launcher, options.environment);
  boost::asio::co_spawn(loop, std::move(work), [&](const std::exception_ptr& failure, Result<> result) {
    if (failure) std::rethrow_exception(failure);
    reached = std::move(result);
    loop.stop();
  });
  // The loop has nothing to wait for while a program is started on the launcher's thread.
  const auto waiting = boost::asio::make_work_guard(loop);
  loop.run();
  if (!reached) return mcp::fail(mcp::ErrorCode::internal, "the inspection did not come to its end");
  if (!*reached) return std::unexpected(with_login_advice(redaction.clean(std::move(reached->error())), spec));
  inspection.instructions = redaction.clean(inspection.instructions);
  check_items(inspection);
  return inspection;
}

}  // namespace gateway
