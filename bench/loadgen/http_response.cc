#include "bench/loadgen/http_response.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace bench {
namespace {

constexpr std::size_t kReserveFrom = 64 * 1024;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

template <class Number>
Number number(std::string_view text, int base = 10) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

}  // namespace

void HttpResponse::start() {
  body_.clear();
  content_length_ = chunk_left_ = 0;
  chunk_state_ = ChunkState::size_line;
  status_ = 0;
  has_head_ = complete_ = has_length_ = chunked_ = is_sse_ = until_close_ = server_closes_ = false;
}

void HttpResponse::clear() {
  start();
  raw_.clear();
  position_ = 0;
}

bool HttpResponse::read_head() {
  while (!has_head_) {
    const std::size_t end = raw_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::string_view head(raw_.data(), end + 2);
    status_ = head.size() > 12 ? number<int>(head.substr(9, 3)) : 0;
    if (status_ == 100) {
      raw_.erase(0, end + 4);
      continue;
    }
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      const std::size_t next = head.find("\r\n", at);
      read_field(head.substr(at, next - at));
      at = next + 2;
    }
    has_head_ = true;
    position_ = end + 4;
    if (status_ == 204 || status_ == 304) {
      has_length_ = true;
      content_length_ = 0;
      chunked_ = false;
    }
    until_close_ = !chunked_ && !has_length_;
    if (!chunked_ && content_length_ > kReserveFrom) raw_.reserve(position_ + content_length_);
  }
  return true;
}

void HttpResponse::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ')
    value.remove_prefix(1);
  if (equal_ignoring_case(name, "content-length")) {
    has_length_ = true;
    content_length_ = number<std::size_t>(value);
  } else if (equal_ignoring_case(name, "transfer-encoding")) {
    chunked_ = equal_ignoring_case(value, "chunked");
  } else if (equal_ignoring_case(name, "connection")) {
    server_closes_ = equal_ignoring_case(value, "close");
  } else if (equal_ignoring_case(name, "content-type")) {
    is_sse_ = value.starts_with("text/event-stream");
  } else if (equal_ignoring_case(name, "mcp-session-id") && session_.empty()) {
    session_ = value;
  }
}

void HttpResponse::read_body() {
  if (chunked_) {
    decode_chunks();
  } else if (until_close_) {
    body_.append(raw_, position_, std::string::npos);
    drop_body();
  } else if (raw_.size() >= position_ + content_length_) {
    body_.assign(raw_, position_, content_length_);
    raw_.erase(0, position_ + content_length_);
    position_ = 0;
    complete_ = true;
  }
}

void HttpResponse::drop_body() {
  raw_.clear();
  position_ = 0;
}

void HttpResponse::decode_chunks() {
  std::size_t at = position_;
  while (!complete_ && decode_chunk_step(at))
    continue;
  raw_.erase(0, at);
  position_ = 0;
}

// One part of the framing; false when it is not all there.
bool HttpResponse::decode_chunk_step(std::size_t& at) {
  if (chunk_state_ == ChunkState::data) {
    const std::size_t size = std::min(chunk_left_, raw_.size() - at);
    body_.append(raw_, at, size);
    at += size;
    chunk_left_ -= size;
    if (chunk_left_ > 0) return false;
    chunk_state_ = ChunkState::data_end;
    return true;
  }
  if (chunk_state_ == ChunkState::data_end) {
    if (raw_.size() - at < 2) return false;
    at += 2;
    chunk_state_ = ChunkState::size_line;
    return true;
  }
  const std::size_t end = raw_.find("\r\n", at);
  if (end == std::string::npos) return false;
  const std::string_view line(raw_.data() + at, end - at);
  at = end + 2;
  if (chunk_state_ == ChunkState::trailers) {
    complete_ = line.empty();
    return true;
  }
  chunk_left_ = number<std::size_t>(line, 16);
  chunk_state_ = chunk_left_ > 0 ? ChunkState::data : ChunkState::trailers;
  return true;
}

}  // namespace bench
