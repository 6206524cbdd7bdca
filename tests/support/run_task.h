#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

#include "mcp/base/task.h"

namespace mcp {

/// Awaits `task` and keeps its value; co_spawn alone demands values that can be made from nothing.
template <class T>
Task<void> keep_value(Task<T> task, std::optional<T>& value) {
  value.emplace(co_await std::move(task));
}

/// Starts the task; `value` is set at its end and must outlive it.
template <class T>
void spawn_task(boost::asio::io_context& loop, Task<T> task, std::optional<T>& value) {
  boost::asio::co_spawn(loop, keep_value(std::move(task), value), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

/// Runs the loop until `done()`. Throws where that takes longer than a minute.
template <class Done>
void run_until(boost::asio::io_context& loop, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  loop.restart();
  while (!done()) {
    if (loop.run_one_until(deadline) == 0) throw std::runtime_error("the loop stopped, or a minute passed, before it was done");
  }
}

/// Runs the loop until the task is done and returns its value.
template <class T>
T run_task(boost::asio::io_context& loop, Task<T> task) {
  std::optional<T> value;
  spawn_task(loop, std::move(task), value);
  run_until(loop, [&] { return value.has_value(); });
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
