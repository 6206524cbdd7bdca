#include "mcp/http/server_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mcp {

namespace {

constexpr std::size_t kFreeBuffers = 64;
constexpr std::size_t kKeptBody = 4096;
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr Refusal kNoRoom{503, "too many large requests at once: try again later"};

bool may_start_method(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Tells early that these bytes will never become a head: the client need not wait for the time limit.
bool is_hopeless(std::string_view bytes, std::size_t from) {
  if (!may_start_method(bytes.front())) return true;
  for (std::size_t at = bytes.find('\n', from); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    if (bytes[at - 1] != '\r') return true;
  }
  return false;
}

}  // namespace

BufferPool::Buffer BufferPool::borrow() {
  if (free_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_size_);
  Buffer buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void BufferPool::give_back(Buffer buffer) {
  if (buffer && free_.size() < kFreeBuffers) free_.push_back(std::move(buffer));
}

RequestReader::RequestReader(BufferPool& pool, BodyBudget& bodies, std::size_t max_head, std::size_t max_body)
    : pool_(pool), bodies_(bodies), max_head_(max_head), max_body_(max_body) {}

RequestReader::~RequestReader() {
  settle();
  pool_.give_back(std::move(buffer_));
}

boost::asio::mutable_buffer RequestReader::space() {
  if (phase_ == Phase::body && !chunks_) return {body_.data() + body_filled_, body_.size() - body_filled_};
  if (!buffer_) buffer_ = pool_.borrow();
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == pool_.buffer_size()) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, pool_.buffer_size() - end_};
}

void RequestReader::commit(std::size_t count) {
  if (phase_ == Phase::body && !chunks_) {
    body_filled_ += count;
  } else {
    end_ += count;
  }
}

RequestReader::Step RequestReader::advance() {
  if (phase_ == Phase::body) return chunks_ ? read_chunks() : read_body();
  return read_head();
}

RequestReader::Step RequestReader::refuse(Refusal refusal) {
  refusal_ = refusal;
  std::string().swap(body_);
  settle();
  return Step::refused;
}

/// Has the body's first `size` bytes counted; false where there is no room for them.
bool RequestReader::charge(std::size_t size) {
  const std::size_t more = size - charged_;
  if (!bodies_.fits(more)) return false;
  bodies_.take(more);
  charged_ = size;
  return true;
}

RequestReader::Step RequestReader::read_head() {
  if (begin_ == end_) return Step::need_bytes;
  phase_ = Phase::head;
  if (!blank_line_skipped_ && buffered().front() == '\r') {
    if (buffered().size() == 1) return Step::need_bytes;
    if (buffered()[1] != '\n') return refuse({400, "malformed request"});
    begin_ += 2;
    blank_line_skipped_ = true;
    if (begin_ == end_) return Step::need_bytes;
  }
  const std::string_view bytes = buffered();
  const std::size_t found = bytes.substr(0, max_head_).find(kHeadEnd, scanned_);
  if (found == std::string_view::npos) {
    if (is_hopeless(bytes, scanned_)) return refuse({400, "malformed request"});
    if (bytes.size() >= max_head_) return refuse({431, "the request's head is too large"});
    scanned_ = bytes.size() < kHeadEnd.size() ? 0 : bytes.size() - (kHeadEnd.size() - 1);
    return Step::need_bytes;
  }
  const std::string_view text = bytes.substr(0, found + kHeadEnd.size());
  const Refusal refusal = head_.parse(text);
  if (refusal.status != 0) return refuse(refusal);
  begin_ += text.size();
  scanned_ = 0;
  return start_body();
}

RequestReader::Step RequestReader::start_body() {
  phase_ = Phase::body;
  if (head_.chunked()) {
    chunks_ = std::make_unique<ChunkedDecoder>(max_body_);
    continue_wanted_ = head_.expects_continue() && begin_ == end_;
    return read_chunks();
  }
  if (head_.content_length() > max_body_) return refuse({413, "the body is too large"});
  const std::size_t length = head_.content_length();
  const std::string_view here = buffered().substr(0, length);
  begin_ += here.size();
  if (here.size() == length) {
    body_.assign(here);
    return complete();
  }
  // Tells now what would be told after some of it.
  if (!bodies_.fits(length) || !charge(here.size())) return refuse(kNoRoom);
  // What is handed to the operation may be the capacity.
  body_.resize_and_overwrite(length, [length](char*, std::size_t) { return length; });
  std::memcpy(body_.data(), here.data(), here.size());
  body_filled_ = here.size();
  continue_wanted_ = head_.expects_continue() && here.empty();
  release_buffer();
  return Step::need_bytes;
}

RequestReader::Step RequestReader::read_body() {
  if (!charge(body_filled_)) return refuse(kNoRoom);
  return body_filled_ == body_.size() ? complete() : Step::need_bytes;
}

RequestReader::Step RequestReader::read_chunks() {
  const ChunkedDecoder::Progress progress = chunks_->feed(buffered(), body_);
  begin_ += progress.consumed;
  if (progress.refusal.status != 0) return refuse(progress.refusal);
  if (!charge(body_.size())) return refuse(kNoRoom);
  if (progress.done) return complete();
  if (end_ - begin_ == pool_.buffer_size()) return refuse({400, "a chunk's header or the trailer is too large"});
  return Step::need_bytes;
}

RequestReader::Step RequestReader::complete() {
  phase_ = Phase::complete;
  chunks_.reset();
  continue_wanted_ = false;
  return Step::request;
}

bool RequestReader::take_continue() {
  return std::exchange(continue_wanted_, false);
}

void RequestReader::finish() {
  phase_ = Phase::idle;
  settle();
  blank_line_skipped_ = false;
  body_.clear();
  if (body_.capacity() > kKeptBody) std::string().swap(body_);
  body_filled_ = 0;
}

void RequestReader::release_buffer() {
  if (begin_ != end_) return;
  pool_.give_back(std::move(buffer_));
  begin_ = end_ = 0;
}

void RequestReader::release_memory() {
  release_buffer();
  head_.clear();
  std::string().swap(body_);
}

}  // namespace mcp
