#pragma once

#include <memory>
#include <string>

#include "mcp/base/cancellation.h"
#include "mcp/base/result.h"
#include "mcp/base/task.h"

namespace mcp {

/// Gives the requests to one server over HTTP their Authorization, and says what follows where the server refuses one (MCP
/// 2025-11-25, "Authorization"). A transport asks it with every request; it knows nothing of how tokens come about. Loop thread
/// only; held by shared_ptr by its transports.
class Authorizer {
 public:
  /// The value of an Authorization header ("Bearer …"), shared by all requests that are sent with it; null: none is sent.
  using Header = std::shared_ptr<const std::string>;

  virtual ~Authorizer() = default;

  /// Sets `header` to what the next request is to be sent with, where that can be said without waiting. False: obtain() has to be
  /// asked.
  virtual bool at_once(Header& header) = 0;

  /// Waits for what at_once() could not say. Errors go to whoever made the request, as they are: login_required,
  /// reauthentication_required, credential_refused, authorization_unavailable, or the cancellation's reason.
  virtual Task<Result<Header>> obtain(Cancellation& cancellation) = 0;

  /// A request that the server refused, and has not carried out: with 401, or with 403 and the error insufficient_scope.
  struct Refusal {
    int status = 401;
    std::string challenge;  // the WWW-Authenticate headers of the answer, joined by ", "; "" where there were none
    Header sent;            // what the request was sent with
    int tries = 1;          // how often this request has been refused, this time included
  };

  /// Success: the request is to be sent once more, with what at_once() or obtain() then gives. An Error goes to whoever made it.
  virtual Task<Result<>> refused(Refusal refusal, Cancellation& cancellation) = 0;
};

}  // namespace mcp
