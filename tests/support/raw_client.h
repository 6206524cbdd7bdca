#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mcp {

/// An answer as it came, its body taken out of its framing.
struct RawResponse {
  int status = 0;
  std::string head;  // status line and headers, without the empty line
  std::string body;

  /// The value of the first header of this name, in any case; "" when absent.
  std::string header(std::string_view name) const;
};

/// A TCP client of 127.0.0.1 that sends exactly the bytes it is told to. Blocking; everything that waits throws
/// std::runtime_error, with what came so far, when nothing comes for `patience`.
class RawClient {
 public:
  /// A socket that is not connected yet. `receive_buffer` above 0 asks the kernel for that little.
  explicit RawClient(int receive_buffer = 0);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  static RawClient to(std::uint16_t port);
  void connect(std::uint16_t port);

  void set_patience(std::chrono::milliseconds patience) { patience_ = patience; }
  /// "127.0.0.1:41234", as the server sees this client.
  std::string local_address() const;

  void send(std::string_view bytes);
  /// As many writes as it takes; the kernel may join them.
  void send_in_pieces(std::string_view bytes, std::size_t piece);
  /// False when the server has closed: for bytes that it need not take.
  bool try_send(std::string_view bytes);

  /// Up to and with `end`.
  std::string read_until(std::string_view end);
  std::string read_exactly(std::size_t count);
  /// Everything until the server closes, in whatever way.
  std::string read_to_end();
  /// Head and body (by length, chunks, or until the server closes). `to_head`: the answer to HEAD has no body.
  RawResponse read_response(bool to_head = false);
  /// The head alone, for an answer that is a stream; then read_chunk() for each chunk, "" for the last one.
  RawResponse read_head();
  std::string read_chunk();
  /// True when the server closed, and nothing came before.
  bool at_end();

  void shutdown_send();
  void close();
  /// Closes with a reset.
  void reset();

 private:
  bool fill();

  int fd_ = -1;
  std::chrono::milliseconds patience_{10'000};
  std::string received_;
};

}  // namespace mcp
