#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/config/config.h"
#include "mcp/schema/schema.h"

namespace gateway {

/// Bytes of memory that many take together, about.
using MemoryCount = std::atomic<std::size_t>;

/// The schemas of one tool, each compiled when it is first needed. Any thread; takes its time.
///
/// A schema that cannot be used (it is none, refers to what it has not, is of a dialect that is not known) is the server's mistake
/// and checks nothing: a warning in the log says so, once.
class ToolSchemas {
 public:
  /// `tool`: the tool object as its server lists it.
  /// `memory` has what this takes added while it lives.
  ToolSchemas(ServerName server, ToolName name, std::string_view tool, std::shared_ptr<MemoryCount> memory);
  ~ToolSchemas();
  ToolSchemas(const ToolSchemas&) = delete;
  ToolSchemas& operator=(const ToolSchemas&) = delete;

  bool has_input() const { return !input_.text.empty(); }
  bool has_output() const { return !output_.text.empty(); }

  /// Errors: invalid_params, a text a model can act on, or what keeps them from being checked (cancelled, where that is `end`). ""
  /// stands for no arguments, {}.
  mcp::Result<> check_arguments(std::string_view arguments, const mcp::WorkEnd& end = {}) const;

  /// `result`: the result of tools/call. One that is an error, or the handle of a task, has no structured content to check. Errors:
  /// not_mcp, or what keeps it from being checked.
  mcp::Result<> check_result(std::string_view result, const mcp::WorkEnd& end = {}) const;

 private:
  struct Side {
    std::string_view member;  // of the tool
    std::string text;         // "" where there is none
    mutable std::mutex mutex = {};
    mutable bool is_known = false;                                // whether it can be used
    mutable std::shared_ptr<const mcp::Schema> schema = nullptr;  // null where it cannot
  };

  /// Null where it cannot be used. Error: cancelled, where it is not known yet.
  mcp::Result<const mcp::Schema*> compiled(const Side& side, const mcp::WorkEnd& end) const;
  void keep(const Side& side, mcp::Result<std::shared_ptr<const mcp::Schema>> schema) const;
  void count(std::size_t bytes) const;
  std::string named() const;

  const ServerName server_;
  const ToolName name_;
  const Side input_, output_;
  const std::shared_ptr<MemoryCount> memory_;
  mutable std::atomic<std::size_t> counted_ = 0;  // of this one, in `memory_`
};

}  // namespace gateway
