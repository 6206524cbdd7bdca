#pragma once

#include <expected>

#include "mcp/base/error.h"

namespace mcp {

/// What every function that can fail returns. Exceptions of libraries are caught where they arise and become an Error.
template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string remedy = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(remedy), {}});
}

}  // namespace mcp
