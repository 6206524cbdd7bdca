#include "gateway/routing/check_pool.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "mcp/base/event.h"

namespace gateway {

namespace asio = boost::asio;

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;

namespace {

constexpr std::size_t kThreads = 2;

/// What a job takes beside its text.
constexpr std::size_t kJobBytes = 1024;

constexpr std::chrono::seconds kLeastWait(5);

/// Checks end by their steps, mostly within milliseconds. This is for what steps do not tell.
constexpr std::chrono::seconds kLongestCheck(5);

Result<> perform(const CheckPool::Work& work, const std::string& text, const mcp::WorkEnd& end) {
  try {
    return work(text, end);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::overloaded, "there is not enough memory to check the call against its schema");
  } catch (const std::exception& problem) {
    return fail(ErrorCode::internal, std::string("the call could not be checked against its schema: ") + problem.what());
  }
}

/// Asks for a stop when it ends.
class StopAtEnd {
 public:
  explicit StopAtEnd(std::stop_source stop) : stop_(std::move(stop)) {}
  ~StopAtEnd() { stop_.request_stop(); }
  StopAtEnd(const StopAtEnd&) = delete;
  StopAtEnd& operator=(const StopAtEnd&) = delete;

 private:
  std::stop_source stop_;
};

}  // namespace

/// One check on its way. Shared by who waits and the thread, for either may end first; made and destroyed on the loop.
struct CheckPool::Job {
  Job(const mcp::Executor& executor, std::string_view of, Work check) : text(of), work(std::move(check)), done(executor) {}

  std::size_t bytes() const { return text.size() + kJobBytes; }

  void run(const std::stop_token& all) {
    if (all.stop_requested() || stop.stop_requested()) return;
    const std::stop_callback stopping(all, [this] { stop.request_stop(); });
    const mcp::WorkEnd end{.deadline = std::chrono::steady_clock::now() + kLongestCheck, .stop = stop.get_token()};
    verdict = perform(work, text, end);
  }

  std::string text;
  Work work;
  std::stop_source stop;
  Result<> verdict = fail(ErrorCode::cancelled, "the call was not checked against its schema");
  mcp::Event done;
};

struct CheckPool::Threads {
  asio::thread_pool pool{kThreads};
};

CheckPool::CheckPool(mcp::Executor executor, std::size_t most_waiting)
    : executor_(std::move(executor)), most_waiting_(most_waiting), waiting_(std::make_shared<std::size_t>(0)) {}

CheckPool::~CheckPool() {
  stop_.request_stop();
  if (!threads_) return;
  threads_->pool.stop();
  threads_->pool.join();
}

Task<Result<>> CheckPool::run(std::string_view text, Work work, mcp::CallContext& context) {
  auto job = std::make_shared<Job>(executor_, text, std::move(work));
  if (*waiting_ + job->bytes() > most_waiting_) {
    co_return fail(ErrorCode::overloaded, "too many calls wait to be checked against their schemas", "Try again.");
  }
  const StopAtEnd leaving(job->stop);
  start(job);
  const mcp::Cancellation::Callback cancelled(context.cancellation(), [&job] { job->done.set(); });
  // An answer may have come in the call's last moment.
  const auto deadline = std::max(context.deadline, std::chrono::steady_clock::now() + kLeastWait);
  const bool in_time = co_await job->done.wait_until(deadline);
  if (context.cancellation().requested()) co_return std::unexpected(context.cancellation().reason());
  if (!in_time) co_return fail(ErrorCode::timeout, "no time was left to check the call against its schema");
  co_return std::move(job->verdict);
}

void CheckPool::start(std::shared_ptr<Job> job) {
  if (!threads_) threads_ = std::make_unique<Threads>();
  *waiting_ += job->bytes();
  auto on_thread = [job = std::move(job), executor = executor_, waiting = waiting_, stop = stop_.get_token()]() mutable {
    job->run(stop);
    // The thread keeps nothing of it: what it waits with belongs to the loop.
    asio::post(executor, [job = std::move(job), waiting = std::move(waiting)] {
      *waiting -= job->bytes();
      job->done.set();
    });
  };
  asio::post(threads_->pool, std::move(on_thread));
}

}  // namespace gateway
