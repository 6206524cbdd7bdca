#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "mcp/base/result.h"

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

}  // namespace gateway
