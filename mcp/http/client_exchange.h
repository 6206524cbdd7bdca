#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/http/client_connection.h"
#include "mcp/http/client_parser.h"
#include "mcp/http/client_pool.h"
#include "mcp/http/http_client.h"

namespace mcp {

/// One request on a connection of the pool, and its answer. The connection goes back to the pool with the end of the body. Loop
/// thread only.
class ClientExchange final : public HttpClientResponse {
 public:
  ClientExchange(std::shared_ptr<ClientPool> pool, std::unique_ptr<ClientConnection> connection)
      : pool_(std::move(pool)),
        connection_(std::move(connection)),
        capacity_(std::max(ClientPool::kBuffer, pool_->options().max_head)) {}

  ~ClientExchange() override { finish(false); }

  ClientExchange(const ClientExchange&) = delete;
  ClientExchange& operator=(const ClientExchange&) = delete;

  /// Writes the request and reads the answer's head.
  static Task<Result<std::unique_ptr<HttpClientResponse>>> run(std::shared_ptr<ClientPool> pool,
                                                               std::unique_ptr<ClientConnection> connection,
                                                               HttpClientRequest request,
                                                               Cancellation& cancellation);

  int status() const override { return parser_->status(); }

  std::string_view header(std::string_view name) const override { return parser_->header(name); }

  std::string all_of(std::string_view name) const override { return parser_->all_of(name); }

  Task<Result<std::string>> read_all(Cancellation& cancellation, std::size_t limit) override;
  std::optional<std::string> take_all(std::size_t limit) override;
  Task<Result<std::string_view>> read_some(Cancellation& cancellation) override;
  bool at_end() override;

 private:
  enum class Step { piece, end, more };

  /// What is left to write of a request, and what for its writing waits.
  struct Unwritten {
    std::string_view head, body;
    IoState want = IoState::done;
  };

  // client_exchange.cc: the request, the head, the end.
  Result<Unwritten> begin(const HttpClientRequest& request);
  bool write_now(Unwritten& rest);
  Task<Result<>> write_rest(Unwritten rest, Cancellation& cancellation);
  Result<bool> take_first(const IoResult& read, const Cancellation& cancellation);
  Task<Result<>> read_head(Cancellation& cancellation);
  Result<bool> parse_head();
  void begin_body();
  bool make_room();
  Task<Result<std::size_t>> fill(Cancellation& cancellation);
  Task<Result<>> wait(IoState want, Cancellation& cancellation);
  void drop_buffer() { pool_->return_buffer(std::move(buffer_)); }
  void finish(bool complete);
  std::chrono::steady_clock::duration idle_time() const;
  std::unexpected<Error> lost(std::string_view what) const;
  std::unexpected<Error> closed_in_head() const;
  std::unexpected<Error> malformed(std::string_view why) const;

  // client_body.cc
  Result<Step> step();
  Result<> end_of_stream();
  Task<Result<std::string>> read_fixed(Cancellation& cancellation);

  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }

  std::shared_ptr<ClientPool> pool_;
  std::unique_ptr<ClientConnection> connection_;  // null once it was given back or closed
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;  // borrowed while it holds something
  std::size_t begin_ = 0, end_ = 0;
  std::optional<ResponseParser> parser_;
  bool no_body_ = false;  // the request is a HEAD
  int interim_ = 0;
  std::size_t unyielded_ = 0;  // bytes read since others could run
  bool write_failed_ = false;
  bool got_byte_ = false;
  bool has_status_line_ = false;
  bool fixed_ = false;           // the length is known: the parser is not asked for the body
  bool complete_ = false;        // the body was read to its end
  std::uint64_t remaining_ = 0;  // of a fixed body
  std::string_view pending_;     // a piece that at_end() came upon
};

/// Writes the request's head to `out`. Error config_invalid for a target or a header that would break the message's frame.
Result<> format_request_head(std::string& out, const ClientPool& pool, const HttpClientRequest& request);

}  // namespace mcp
