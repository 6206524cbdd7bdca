#pragma once

#include <string_view>

#include "mcp/base/result.h"
#include "mcp/rpc/message.h"
#include "mcp/types/protocol_version.h"

namespace mcp {

/// A message's way from a side that speaks one revision to a side that speaks another.
struct Hop {
  ProtocolVersion from = kLatestVersion;
  ProtocolVersion to = kLatestVersion;

  /// The reader's revision is older: it may not know everything the writer's has.
  bool is_down() const { return to < from; }
};

/// Adaptation between the revisions 2024-11-05 to 2025-11-25 (their schema.ts). Members that a revision newer than the reader's
/// brought are dropped or said in the reader's words; members that are in no revision's schema, and all numbers and strings that
/// stay, are left byte for byte. Where the reader's revision is not older than the writer's, each function does nothing and costs
/// a comparison: a newer revision reads all that an older one writes.
///
/// Pure functions on one message; the work is proportional to its size. Whatever a peer sends, the message stays a valid one.

/// A server's answer on its way to the client, `method` being that of the request. Content that the client's revision does not know
/// becomes text; structured content is dropped, and becomes a text block where the server sent none. A task as the answer to a
/// client that knows no tasks, and an error that asks for a visit to a URL (-32042), become a tool's error (or a plain error) that
/// says so.
void adapt_result(std::string_view method, Message& response, Hop hop);

/// A client's request on its way to a server. Error method_not_found: the server's revision has no such method.
Result<> adapt_request(Message& request, Hop hop);

/// A server's request (sampling, elicitation, roots) on its way to a client. Error method_not_found: the client's revision has no
/// such method; invalid_params: it has, but cannot say what is asked. The request is unchanged then.
Result<> adapt_server_request(Message& request, Hop hop);

/// A client's answer to a server's request of that method, on its way to the server.
void adapt_client_result(std::string_view method, Message& response, Hop hop);

/// A notification of either side. Returns whether the reader's revision knows it at all: if not, it is not to be delivered.
bool adapt_notification(Message& notification, Hop hop);

namespace downgrade {

// The same where the reader's revision is older.
void result(std::string_view method, Message& response, ProtocolVersion to);
Result<> request(Message& request, ProtocolVersion to);
Result<> server_request(Message& request, ProtocolVersion to);
void client_result(std::string_view method, Message& response, ProtocolVersion to);
bool notification(Message& notification, ProtocolVersion to);

}  // namespace downgrade

inline void adapt_result(std::string_view method, Message& response, Hop hop) {
  if (hop.is_down()) downgrade::result(method, response, hop.to);
}

inline Result<> adapt_request(Message& request, Hop hop) {
  if (!hop.is_down()) return {};
  return downgrade::request(request, hop.to);
}

inline Result<> adapt_server_request(Message& request, Hop hop) {
  if (!hop.is_down()) return {};
  return downgrade::server_request(request, hop.to);
}

inline void adapt_client_result(std::string_view method, Message& response, Hop hop) {
  if (hop.is_down()) downgrade::client_result(method, response, hop.to);
}

inline bool adapt_notification(Message& notification, Hop hop) {
  return !hop.is_down() || downgrade::notification(notification, hop.to);
}

}  // namespace mcp
