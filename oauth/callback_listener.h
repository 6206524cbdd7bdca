#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/base/result.h"
#include "mcp/base/task.h"
#include "oauth/callback_page.h"
#include "oauth/loopback_callback.h"

namespace mcp {
class HttpServer;
}

namespace oauth {

/// The browser's way back from a login: listens on loopback (RFC 8252, 7.3) for a GET of one path, as long as one login lasts.
/// Whatever comes that is none of that login's gets a page that says so, and waiting goes on. Loop thread only.
class CallbackListener {
 public:
  using Page = CallbackPage;

  /// Says what a query that came means, and what the browser is to show. It is asked as long as the listener is open.
  using Judge = std::function<Page(std::string_view query)>;

  CallbackListener(const mcp::Executor& executor, Judge judge);
  ~CallbackListener();
  CallbackListener(const CallbackListener&) = delete;
  CallbackListener& operator=(const CallbackListener&) = delete;

  /// Listens on 127.0.0.1, and on ::1 where the system has it; on ::1 alone where `place` says so. Error io_error: the port is
  /// taken, for "localhost" on either of them.
  mcp::Result<> open(const LoopbackCallback& place);

  /// "http://127.0.0.1:PORT/callback", or what `place` says. Only when open.
  std::string redirect_uri() const;

  /// Lets pages that are being sent arrive, for a second at most.
  mcp::Task<void> close();

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::unique_ptr<mcp::HttpServer> server_;
  std::uint16_t port_ = 0;
};

}  // namespace oauth
