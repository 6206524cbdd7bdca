#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/config/config.h"
#include "mcp/schema/schema.h"

namespace gateway {

/// The schemas of one tool, each compiled when it is first needed. Any thread; takes its time.
///
/// A schema that cannot be used (it is none, refers to what it has not, is of a dialect that is not known) is the server's mistake
/// and checks nothing: a warning in the log says so, once.
class ToolSchemas {
 public:
  /// `tool`: the tool object as its server lists it.
  ToolSchemas(ServerName server, ToolName name, std::string_view tool);

  bool has_input() const { return !input_.text.empty(); }
  bool has_output() const { return !output_.text.empty(); }

  /// Errors: invalid_params, a text a model can act on, or what keeps them from being checked. "" stands for no arguments, {}.
  mcp::Result<> check_arguments(std::string_view arguments) const;

  /// `result`: the result of tools/call. One that is an error, or the handle of a task, has no structured content to check. Errors:
  /// not_mcp, or what keeps it from being checked.
  mcp::Result<> check_result(std::string_view result) const;

 private:
  struct Side {
    std::string_view member;  // of the tool
    std::string text;         // "" where there is none
    mutable std::once_flag once = {};
    mutable std::shared_ptr<const mcp::Schema> schema = nullptr;  // null where it cannot be used
  };

  const mcp::Schema* compiled(const Side& side) const;
  std::string named() const;

  const ServerName server_;
  const ToolName name_;
  const Side input_, output_;
};

}  // namespace gateway
