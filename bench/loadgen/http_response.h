#pragma once

#include <string>
#include <string_view>

namespace bench {

/// Reads one response after the other from the bytes of a connection.
class HttpResponse {
 public:
  /// Forgets the last response. Bytes that were read beyond it stay.
  void start();
  /// Also drops what was read: for a new connection.
  void clear();

  void append(const char* data, std::size_t size) { raw_.append(data, size); }
  bool untouched() const { return !has_head_ && raw_.empty(); }

  /// False while the head is not whole. Interim (100) responses are skipped.
  bool read_head();

  /// Decodes what is there of the body; `complete` tells whether that was all of it.
  void read_body();
  /// Drops what is there of the body.
  void drop_body();

  bool has_head() const { return has_head_; }
  bool complete() const { return complete_; }
  void set_complete() { complete_ = true; }  // the connection's end is the body's
  bool until_close() const { return until_close_; }
  bool server_closes() const { return server_closes_; }

  int status() const { return status_; }
  bool is_sse() const { return is_sse_; }
  const std::string& session() const { return session_; }
  std::string& body() { return body_; }
  const std::string& body() const { return body_; }
  /// For an error message: the body, or what stands where it should.
  std::string excerpt() const { return (body_.empty() ? raw_ : body_).substr(0, 300); }

 private:
  void read_field(std::string_view line);
  void decode_chunks();
  bool decode_chunk_step(std::size_t& at);

  enum class ChunkState { size_line, data, data_end, trailers };

  std::string raw_, body_, session_;
  std::size_t position_ = 0;  // of the body's first byte in raw_ that was not taken yet
  std::size_t content_length_ = 0, chunk_left_ = 0;
  ChunkState chunk_state_ = ChunkState::size_line;
  int status_ = 0;
  bool has_head_ = false, complete_ = false, has_length_ = false, chunked_ = false, is_sse_ = false;
  bool until_close_ = false, server_closes_ = false;
};

}  // namespace bench
