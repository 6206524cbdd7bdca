#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/http/server_chunked.h"
#include "mcp/http/server_request.h"

namespace mcp {

/// Read buffers of one size, lent to the connections whose bytes flow. Keeps a few free ones. Loop thread only.
class BufferPool {
 public:
  using Buffer = std::unique_ptr<char[]>;

  explicit BufferPool(std::size_t buffer_size) : buffer_size_(buffer_size) {}

  std::size_t buffer_size() const { return buffer_size_; }
  Buffer borrow();
  void give_back(Buffer buffer);

 private:
  std::size_t buffer_size_;
  std::vector<Buffer> free_;
};

/// The memory that the bodies of all connections have together. Loop thread only.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t limit) : limit_(limit) {}

  bool fits(std::size_t bytes) const { return bytes <= limit_ - used_; }
  void take(std::size_t bytes) { used_ += bytes; }
  void give_back(std::size_t bytes) { used_ -= bytes; }
  std::size_t used() const { return used_; }

 private:
  const std::size_t limit_;
  std::size_t used_ = 0;  // never above the limit
};

/// Makes requests of the bytes of one connection, without doing any I/O itself: read into space(), commit() what came, advance().
/// A body of known length is read straight into the string that take_body() gives away.
class RequestReader {
 public:
  enum class Step { need_bytes, request, refused };
  /// `idle`: no byte of a request has come; `head`, `body`: some have; `complete`: a request waits for finish().
  enum class Phase { idle, head, body, complete };

  /// Buffers of the pool hold at least `max_head` bytes; pool and budget outlive the reader.
  RequestReader(BufferPool& pool, BodyBudget& bodies, std::size_t max_head, std::size_t max_body);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Where the next bytes go; never empty after advance() asked for bytes.
  boost::asio::mutable_buffer space();
  void commit(std::size_t count);

  Step advance();
  Phase phase() const { return phase_; }
  const Refusal& refusal() const { return refusal_; }
  const RequestHead& head() const { return head_; }
  std::string take_body() {
    settle();
    return std::move(body_);
  }

  /// True once for a request whose client waits for "100 Continue" before it sends its body.
  bool take_continue();

  /// The request has been answered; the next one may be read.
  void finish();

  /// Gives the read buffer back unless bytes wait in it.
  void release_buffer();
  /// What an idle connection does: keeps no memory that it can get again.
  void release_memory();

  /// Bytes of a later request have come already.
  bool has_leftover() const { return begin_ != end_; }

 private:
  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }
  Step refuse(Refusal refusal);
  Step read_head();
  Step start_body();
  Step read_body();
  Step read_chunks();
  Step complete();
  bool charge(std::size_t size);
  void settle() { bodies_.give_back(std::exchange(charged_, 0)); }

  BufferPool& pool_;
  BodyBudget& bodies_;
  const std::size_t max_head_;
  const std::size_t max_body_;
  BufferPool::Buffer buffer_;
  std::size_t begin_ = 0;    // of the bytes not looked at yet
  std::size_t end_ = 0;      // of the bytes that came
  std::size_t scanned_ = 0;  // of those, known to hold no end of a head
  Phase phase_ = Phase::idle;
  bool blank_line_skipped_ = false;
  bool continue_wanted_ = false;
  RequestHead head_;
  std::string body_;
  std::size_t body_filled_ = 0;
  std::size_t charged_ = 0;  // of the body, to bodies_
  std::unique_ptr<ChunkedDecoder> chunks_;
  Refusal refusal_;
};

}  // namespace mcp
