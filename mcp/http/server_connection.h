#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "mcp/http/http_server.h"
#include "mcp/http/server_reader.h"
#include "mcp/http/server_state.h"
#include "mcp/http/server_stream.h"
#include "mcp/http/tls_server.h"

namespace mcp {

/// One client's connection, and the exchange of the request it is just handling. Its coroutine run() holds it; it leaves the
/// server's list when it is destroyed. Loop thread only.
class ServerConnection final : public HttpExchange, public std::enable_shared_from_this<ServerConnection> {
 public:
  /// `tls`: of the same socket, its handshake not begun; null where the listener speaks without.
  ServerConnection(std::shared_ptr<ServerState> state,
                   boost::asio::ip::tcp::socket socket,
                   const boost::asio::ip::tcp::endpoint& remote,
                   std::unique_ptr<TlsServerSession> tls = nullptr);
  ~ServerConnection() override;
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  static Task<void> run(std::shared_ptr<ServerConnection> self);

  /// Ends what is overdue at `now`; an idle connection gives its memory back.
  void sweep(ServerState::TimePoint now);
  /// The server stops: an idle connection closes, a stream is asked to end.
  void stop();
  /// Ends it at once. What awaits on it resumes from the loop.
  void close();

  /// It may be anybody's, and no handler is at work for it.
  bool is_stranger() const { return state_->options().wary && !recognised_ && !handled_ && !gone_; }
  ServerState::TimePoint accepted_at() const { return accepted_at_; }

  std::size_t index() const { return index_; }
  void set_index(std::size_t index) { index_ = index; }

  std::string_view method() const override { return reader_.head().method(); }
  std::string_view path() const override { return reader_.head().path(); }
  std::string_view query() const override { return reader_.head().query(); }
  std::string_view header(std::string_view name) const override { return reader_.head().header(name); }
  std::string_view remote_address() const override;
  std::string take_body() override { return reader_.take_body(); }
  void recognise() override { recognised_ = true; }
  bool respond(int status, std::string_view content_type, std::string_view body, HttpHeaders headers) override;
  void begin_stream(HttpHeaders headers) override;
  StreamWrite write(std::string bytes) override;
  void on_stream_end(std::function<void()> callback) override;
  Task<void> end_stream() override;

 private:
  enum class Answer : std::uint8_t { none, whole, stream, done };
  /// What the coroutine waits for, as far as the sweep must know.
  enum class Waiting : std::uint8_t { nothing, request_bytes, readable };
  /// Why the sweep ended a wait.
  enum class Interrupt : std::uint8_t { none, overdue, park };
  /// What a look at the client's end of the connection tells.
  enum class Sign : std::uint8_t { silent, sends, gone };

  struct Received {
    boost::system::error_code error;
    std::size_t count = 0;
  };

  // server_connection.cc: requests in, whole answers out.
  static Task<void> serve_requests(ServerConnection& connection);
  bool before_read();
  bool admitted();
  Task<void> turn_away();
  Task<bool> after_failed_read();
  Task<void> serve();
  void answer_for_handler(std::string_view why);
  Task<void> write_rest();
  Task<void> refuse(Refusal refusal);
  Task<void> linger();
  Task<bool> park();
  void set_busy(bool busy);
  bool send_continue();
  ssize_t send(std::span<iovec> parts);

  // server_tls.cc: the same over TLS.
  Task<bool> shake_hands();
  Task<Received> receive_tls();
  ssize_t send_tls(std::span<const iovec> parts);
  Sign look_tls();

  // server_exchange.cc: streams.
  void schedule_flush();
  void flush();
  void wait_until_writable();
  void watch();
  Sign look();
  void client_readable();
  void stream_over();

  const std::shared_ptr<ServerState> state_;
  boost::asio::ip::tcp::socket socket_;
  const boost::asio::ip::tcp::endpoint remote_;
  std::unique_ptr<TlsServerSession> tls_;  // null: plain
  mutable std::string remote_text_;
  std::size_t index_ = 0;
  RequestReader reader_;
  ServerState::TimePoint deadline_ = ServerState::TimePoint::max();
  ServerState::TimePoint idle_since_;
  ServerState::TimePoint accepted_at_;
  RequestReader::Phase timed_phase_ = RequestReader::Phase::complete;
  Waiting waiting_ = Waiting::nothing;
  Interrupt interrupt_ = Interrupt::none;
  bool gone_ = false;
  bool busy_ = false;
  bool recognised_ = false;
  bool handled_ = false;  // by the handler, just now

  // The answer to the present request.
  Answer answer_ = Answer::none;
  bool keep_alive_ = false;
  bool head_only_ = false;
  std::string head_text_;
  std::string rest_;  // of the answer: what the socket did not take yet

  // Its stream.
  bool chunked_ = false;
  bool flush_posted_ = false;
  bool blocked_ = false;            // a wait for writability is under way
  bool watching_ = false;           // since the stream's first turn
  std::uint32_t watch_number_ = 0;  // a watch with another number is over
  StreamQueue queue_;
  std::function<void()> stream_end_;
};

}  // namespace mcp
