#include "mcp/http/server_stream.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace mcp {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kKeptPieces = 8;
constexpr std::size_t kSentPieces = 64;

}  // namespace

std::size_t StreamQueue::Piece::size() const {
  return size_line_length == 0 ? bytes.size() : size_line_length + bytes.size() + kLineEnd.size();
}

void StreamQueue::push_raw(std::string bytes) {
  Piece piece;
  piece.bytes = std::move(bytes);
  push(std::move(piece));
}

void StreamQueue::push_chunk(std::string bytes) {
  Piece piece;
  char* const begin = piece.size_line.data();
  char* end = std::to_chars(begin, begin + piece.size_line.size() - kLineEnd.size(), bytes.size(), 16).ptr;
  end = std::copy(kLineEnd.begin(), kLineEnd.end(), end);
  piece.size_line_length = static_cast<std::uint8_t>(end - begin);
  piece.bytes = std::move(bytes);
  push(std::move(piece));
}

void StreamQueue::push(Piece piece) {
  // A queue that is never quite empty must not keep the pieces it has sent.
  if (first_ >= kSentPieces && first_ * 2 >= pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  waiting_ += piece.size();
  pieces_.push_back(std::move(piece));
}

std::size_t StreamQueue::waiting_behind_first() const {
  return empty() ? 0 : waiting_ - (pieces_[first_].size() - offset_);
}

std::size_t StreamQueue::gather(std::span<iovec> parts) const {
  std::size_t used = 0;
  std::size_t skip = offset_;
  const auto add = [&](const char* data, std::size_t size) {
    const std::size_t skipped = std::min(skip, size);
    skip -= skipped;
    if (skipped == size) return;
    parts[used++] = {const_cast<char*>(data + skipped), size - skipped};  // NOLINT: sendmsg only reads
  };
  for (std::size_t i = first_; i < pieces_.size() && used + 3 <= parts.size(); ++i) {
    const Piece& piece = pieces_[i];
    add(piece.size_line.data(), piece.size_line_length);
    add(piece.bytes.data(), piece.bytes.size());
    if (piece.size_line_length != 0) add(kLineEnd.data(), kLineEnd.size());
  }
  return used;
}

void StreamQueue::consume(std::size_t count) {
  waiting_ -= count;
  offset_ += count;
  while (first_ < pieces_.size() && offset_ >= pieces_[first_].size()) {
    offset_ -= pieces_[first_].size();
    std::string().swap(pieces_[first_].bytes);
    ++first_;
  }
  if (empty()) clear();
}

void StreamQueue::clear() {
  pieces_.clear();
  if (pieces_.capacity() > kKeptPieces) std::vector<Piece>().swap(pieces_);
  first_ = offset_ = waiting_ = 0;
}

}  // namespace mcp
