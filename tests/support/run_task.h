#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

#include "mcp/base/task.h"

namespace mcp {

/// Runs the loop until the task is done and returns its value. Throws where that takes longer than a minute.
template <class T>
T run_task(boost::asio::io_context& loop, Task<T> task) {
  std::optional<T> value;
  std::exception_ptr failure;
  boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown, T result) {
    failure = thrown;
    value.emplace(std::move(result));
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  loop.restart();
  while (!value && loop.run_one_until(deadline) != 0) {
  }
  if (failure) std::rethrow_exception(failure);
  if (!value) throw std::runtime_error("the task did not end");
  return *std::move(value);
}

inline void run_task(boost::asio::io_context& loop, Task<void> task) {
  const auto with_value = [](Task<void> inner) -> Task<bool> {
    co_await std::move(inner);
    co_return true;
  };
  run_task<bool>(loop, with_value(std::move(task)));
}

}  // namespace mcp
