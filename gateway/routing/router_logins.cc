// What a client gets whose call failed for want of a login.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/routing/router.h"
#include "mcp/json/text.h"
#include "mcp/rpc/error_codes.h"

namespace gateway {

using mcp::CallContext;
using mcp::Error;
using mcp::Message;
using mcp::Task;

namespace {

/// Whether the client can send its user to an address (MCP 2025-11-25, "Elicitation", URL mode).
bool can_open_urls(const mcp::Caller& caller) {
  if (caller.version < mcp::ProtocolVersion::v2025_11_25) return false;
  return mcp::member(mcp::member(caller.capabilities, "elicitation"), "url").starts_with('{');
}

std::string elicitation(const LoginLink& link, std::string_view message) {
  return R"({"elicitations":[{"mode":"url","elicitationId":)" + mcp::json_string(link.id) + R"(,"url":)" +
         mcp::json_string(link.url) + R"(,"message":)" + mcp::json_string(message) + "}]}";
}

/// Tells the client when the login is over, as long as it is there.
Task<void> tell_when_over(LoginLink link, std::weak_ptr<mcp::ClientPeer> client) {
  mcp::Cancellation never;
  co_await link.over(never);
  const auto peer = client.lock();
  if (peer)
    peer->push(
        Message::notification("notifications/elicitation/complete", R"({"elicitationId":)" + mcp::json_string(link.id) + "}"));
}

}  // namespace

/// An address for the client's user, where the client can show one (URLElicitationRequiredError); else the error as a tool's.
Task<mcp::Result<Message>> Router::answer_without_login(std::string id, Error error, ServerName server, CallContext& context) {
  if (context_.login_links && can_open_urls(context.caller())) {
    auto link = co_await context_.login_links(server);
    if (link && !context.cancellation().requested()) {
      const std::string asks = "The server \"" + server.str() + "\" wants a login. Open the address, then try again.";
      Message answer = Message::error(id, mcp::kUrlElicitationRequired, error.text(), elicitation(*link, asks));
      if (const auto peer = context.peer()) {
        std::weak_ptr<mcp::ClientPeer> client = peer;
        boost::asio::co_spawn(context_.executor, tell_when_over(std::move(*link), std::move(client)), boost::asio::detached);
      }
      co_return answer;
    }
  }
  co_return mcp::tool_error_response(id, error, server.str());
}

}  // namespace gateway
