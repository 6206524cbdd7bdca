#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "mcp/base/result.h"
#include "mcp/base/task.h"

namespace gateway {

/// Runs `question` on the loop thread and waits for what it returns (a Result), at most five seconds. From any thread but the
/// loop's own. What the question refers to must live as long as the loop runs.
template <class Question>
auto ask_loop(boost::asio::io_context& loop, Question question) -> decltype(question()) {
  using Answer = decltype(question());
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  boost::asio::post(loop, [promise, question = std::move(question)]() mutable { promise->set_value(question()); });
  if (future.wait_for(std::chrono::seconds(5)) != std::future_status::ready) {
    return mcp::fail(mcp::ErrorCode::timeout, "the gateway did not answer within 5 s", "It is stopping, or very busy: try again.");
  }
  return future.get();
}

/// Runs the task that `question` makes on the loop thread, and waits for its result, at most that long. Likewise.
template <class Answer>
Answer ask_loop_task(boost::asio::io_context& loop, std::chrono::seconds patience, std::function<mcp::Task<Answer>()> question) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  boost::asio::post(loop, [&loop, promise, question = std::move(question)] {
    boost::asio::co_spawn(loop, question(), [promise](const std::exception_ptr& thrown, Answer answer) {
      if (thrown) answer = mcp::fail(mcp::ErrorCode::internal, "the gateway could not do it");
      promise->set_value(std::move(answer));
    });
  });
  if (future.wait_for(patience) != std::future_status::ready) {
    return mcp::fail(mcp::ErrorCode::timeout,
                     "the gateway did not come to an end with it within " + std::to_string(patience.count()) + " s",
                     "It is stopping, or very busy: see switchyard status.");
  }
  return future.get();
}

}  // namespace gateway
