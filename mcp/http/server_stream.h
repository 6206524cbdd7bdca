#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mcp {

/// The bytes of a streamed answer that wait to be sent, gathered so that many pieces go in one write. Holds no memory to speak of
/// while it is empty.
class StreamQueue {
 public:
  void push_raw(std::string bytes);
  /// One chunk of a chunked body. Not for empty bytes, which would end the body.
  void push_chunk(std::string bytes);

  bool empty() const { return first_ == pieces_.size(); }
  /// Bytes not sent yet, with the chunks' framing.
  std::size_t waiting() const { return waiting_; }
  /// Without what is left of the first piece: one piece may be of any size.
  std::size_t waiting_behind_first() const;

  /// Describes the next bytes to send; returns how many entries of `parts` are used (a few dozen suffice).
  std::size_t gather(std::span<iovec> parts) const;
  void consume(std::size_t count);
  void clear();

 private:
  struct Piece {
    std::string bytes;
    std::array<char, 18> size_line{};
    std::uint8_t size_line_length = 0;  // 0: not a chunk

    std::size_t size() const;
  };

  void push(Piece piece);

  std::vector<Piece> pieces_;
  std::size_t first_ = 0;   // pieces before it are sent
  std::size_t offset_ = 0;  // bytes of the first piece already sent
  std::size_t waiting_ = 0;
};

}  // namespace mcp
