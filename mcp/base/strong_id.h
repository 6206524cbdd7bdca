#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace mcp {

/// A string that only equals its own kind, so that a server's name, a tool's name upstream and the name clients see never mix.
template <class Tag>
class StrongId {
 public:
  StrongId() = default;

  explicit StrongId(std::string value) : value_(std::move(value)) {}

  const std::string& str() const { return value_; }

  bool empty() const { return value_.empty(); }

  friend auto operator<=>(const StrongId&, const StrongId&) = default;

 private:
  std::string value_;
};

}  // namespace mcp

template <class Tag>
struct std::hash<mcp::StrongId<Tag>> {
  std::size_t operator()(const mcp::StrongId<Tag>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
