#include "gateway/routing/call_validation.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "mcp/base/event.h"

namespace gateway {

namespace asio = boost::asio;

using mcp::CallContext;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Message;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kThreads = 2;

/// Bytes that may wait for a thread, or be with one.
constexpr std::size_t kMostWaiting = std::size_t{64} << 20;

constexpr std::chrono::seconds kLeastWait(5);

/// One check on its way. Shared by who waits and the thread, for either may end first; made and destroyed on the loop.
struct Job {
  explicit Job(const mcp::Executor& executor) : done(executor) {}

  std::string text;
  Result<> verdict;
  mcp::Event done;
};

}  // namespace

struct CallValidator::Pool {
  asio::thread_pool threads{kThreads};
};

CallValidator::CallValidator(mcp::Executor executor)
    : executor_(std::move(executor)), waiting_(std::make_shared<std::size_t>(0)), pool_(std::make_unique<Pool>()) {}

CallValidator::~CallValidator() {
  pool_->threads.stop();
  pool_->threads.join();
}

Task<Result<Message>> CallValidator::call(const Route& route, Message request, CallContext& context, Send send) {
  const CallChecks checks = route.runtime->spec().checks;
  const auto schemas = schemas_of(*route.runtime, route.own_name.str());
  if (schemas && checks.arguments && schemas->has_input()) {
    const std::string_view arguments = request.raw(request.envelope().arguments);
    auto verdict = co_await check(schemas, &ToolSchemas::check_arguments, arguments, context);
    if (!verdict) co_return std::unexpected(std::move(verdict).error());
  }
  auto answer = co_await send(std::move(request));
  if (schemas && checks.results && schemas->has_output() && answer && !answer->is_error()) {
    const std::string_view result = answer->raw(answer->envelope().result);
    auto verdict = co_await check(schemas, &ToolSchemas::check_result, result, context);
    if (!verdict) co_return std::unexpected(std::move(verdict).error());
  }
  co_return answer;
}

Task<Result<>> CallValidator::check_late(const Runtime& runtime,
                                         std::string_view tool,
                                         const Message& answer,
                                         CallContext& context) {
  if (!runtime.spec().checks.results || answer.is_error()) co_return Result<>();
  const auto schemas = schemas_of(runtime, std::string(tool));
  if (!schemas || !schemas->has_output()) co_return Result<>();
  const std::string_view result = answer.raw(answer.envelope().result);
  co_return co_await check(schemas, &ToolSchemas::check_result, result, context);
}

std::shared_ptr<const ToolSchemas> CallValidator::schemas_of(const Runtime& runtime, const std::string& name) {
  const ServerName& server = runtime.spec().name;
  ServerSchemas& known = servers_[server];
  const CatalogListPtr& tools = runtime.catalog()->list(CatalogKind::tools);
  if (known.tools != tools) {
    known.tools = tools;
    known.by_name.clear();
  }
  if (const auto found = known.by_name.find(name); found != known.by_name.end()) return found->second;
  const auto entry = std::ranges::find(tools->entries, name, &CatalogEntry::key);
  if (entry == tools->entries.end()) return nullptr;
  auto schemas = std::make_shared<const ToolSchemas>(server, ToolName(name), entry->text);
  known.by_name.emplace(name, schemas);
  return schemas;
}

Task<Result<>> CallValidator::check(std::shared_ptr<const ToolSchemas> schemas,
                                    Check question,
                                    std::string_view text,
                                    CallContext& context) {
  if (*waiting_ + text.size() > kMostWaiting) {
    co_return fail(ErrorCode::overloaded, "too many calls wait to be checked against their schemas", "Try again.");
  }
  auto job = std::make_shared<Job>(executor_);
  job->text = text;
  *waiting_ += text.size();
  asio::post(pool_->threads, [job, schemas = std::move(schemas), question, executor = executor_, waiting = waiting_]() mutable {
    job->verdict = ((*schemas).*question)(job->text);
    // The thread keeps nothing of it: what it waits with belongs to the loop.
    asio::post(executor, [job = std::move(job), waiting = std::move(waiting)] {
      *waiting -= job->text.size();
      job->done.set();
    });
  });
  const mcp::Cancellation::Callback cancelled(context.cancellation(), [&job] { job->done.set(); });
  // An answer may have come in the call's last moment.
  const auto deadline = std::max(context.deadline, std::chrono::steady_clock::now() + kLeastWait);
  const bool in_time = co_await job->done.wait_until(deadline);
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  if (!in_time) co_return fail(ErrorCode::timeout, "no time was left to check the call against its schema");
  co_return std::move(job->verdict);
}

}  // namespace gateway
