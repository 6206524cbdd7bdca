#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace mcp {

/// A coroutine on the loop thread. It starts when it is awaited or spawned; awaiting it twice is a mistake.
///
/// House rules for the coroutines of this project:
/// - All state is touched on the loop thread only; between two co_awaits nothing else runs.
/// - Cancellation is a value (Cancellation, Error::cancelled), never an exception out of an await.
/// - gcc 12 mishandles some temporaries in a co_await expression: arguments of class type are named variables or moved from one,
///   never braced aggregates, and co_await never stands inside ?: or &&.
template <class T = void>
using Task = boost::asio::awaitable<T>;

/// For a function that found nothing to wait for.
inline Task<void> done() {
  co_return;
}

using Executor = boost::asio::any_io_executor;

}  // namespace mcp
