#pragma once

#include <string>
#include <string_view>

namespace bench {

/// The MCP side of the echo upstreams, whatever carries the messages. Tools:
///   echo {text?: string, bytes?: integer}   answers `text`, or `bytes` times 'x' where that is given
///   tool_000, tool_001, …                   the same; they are there to fill tools/list
class EchoCore {
 public:
  EchoCore(std::string name, int extra_tools);

  /// Appends the response to one message. False, and nothing appended, for a notification or a response.
  bool handle(std::string_view message, std::string& out, bool* is_initialize = nullptr) const;

 private:
  void call(std::string_view params, std::string& out) const;
  void initialize(std::string_view params, std::string& out) const;

  std::string name_;
  std::string tools_;  // the rendered array
};

}  // namespace bench
