#include "bench/upstream/http_connection.h"

#include <errno.h>
#include <strings.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>

namespace bench {
namespace {

constexpr std::size_t kKeptCapacity = 8u << 20;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::size_t number(std::string_view text, int base) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

void read_field(std::string_view line, RequestHead& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ')
    value.remove_prefix(1);
  if (equal_ignoring_case(name, "content-length")) head.content_length = number(value, 10);
  if (equal_ignoring_case(name, "transfer-encoding")) head.chunked = equal_ignoring_case(value, "chunked");
  if (equal_ignoring_case(name, "connection")) head.keep_alive = !equal_ignoring_case(value, "close");
  if (equal_ignoring_case(name, "mcp-session-id")) head.session = value;
}

RequestHead parse_head(std::string_view text) {
  RequestHead head;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return head;
  head.size = end + 4;
  head.method = text.substr(0, text.find(' '));
  for (std::size_t at = text.find("\r\n"); at < end;) {
    at += 2;
    const std::size_t next = text.find("\r\n", at);
    read_field(text.substr(at, next - at), head);
    at = next;
  }
  return head;
}

/// Appends the decoded chunks to `body`. Returns the bytes they took, 0 while the last one is not there.
std::size_t decode_chunks(std::string_view text, std::string& body) {
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find("\r\n", at);
    if (end == std::string_view::npos) return 0;
    const std::size_t size = number(text.substr(at, end - at), 16);
    at = end + 2;
    if (text.size() - at < size + 2) return 0;
    if (size == 0) return at + 2;
    body.append(text.substr(at, size));
    at += size + 2;
  }
}

}  // namespace

HttpConnection::HttpConnection(int fd, const HttpEchoOptions& options, const EchoCore& core, std::atomic<unsigned>& sessions)
    : fd_(fd), options_(options), core_(core), sessions_(sessions) {}

void HttpConnection::answer_input() {
  std::size_t done = 0;
  while (done < in_.size()) {
    const std::size_t used = answer_one(std::string_view(in_).substr(done));
    if (used == 0) break;
    done += used;
  }
  if (done > 0) in_.erase(0, done);
}

std::size_t HttpConnection::answer_one(std::string_view text) {
  const RequestHead head = parse_head(text);
  if (head.size == 0) return 0;
  if (head.chunked) {
    body_.clear();
    const std::size_t used = decode_chunks(text.substr(head.size), body_);
    if (used == 0) return 0;
    respond(head, body_);
    return head.size + used;
  }
  const std::size_t whole = head.size + head.content_length;
  if (text.size() < whole) {
    in_.reserve(in_.size() - text.size() + whole);
    return 0;
  }
  respond(head, text.substr(head.size, head.content_length));
  return whole;
}

void HttpConnection::respond(const RequestHead& head, std::string_view body) {
  if (!head.keep_alive) close_after_ = true;
  if (options_.raw) return respond_json("", body);
  if (head.method == "GET") {
    // A stream that stays open and says nothing. The last field lets a proxy that buffers answers pass the head on at once.
    out_ +=
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nX-Accel-Buffering: no\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    return;
  }
  if (head.method == "DELETE") return respond_empty("200 OK");
  if (head.method != "POST") return respond_empty("405 Method Not Allowed");
  respond_mcp(head, body);
}

void HttpConnection::respond_mcp(const RequestHead& head, std::string_view body) {
  answer_.clear();
  bool is_initialize = false;
  const bool has_answer = core_.handle(body, answer_, &is_initialize);
  if (options_.strict && !is_initialize && !head.session.starts_with(options_.session_prefix))
    return respond_empty("404 Not Found");
  if (!has_answer) return respond_empty("202 Accepted");
  std::string session;
  if (is_initialize) session = "Mcp-Session-Id: " + options_.session_prefix + std::to_string(++sessions_) + "\r\n";
  if (options_.sse) return respond_event(session, answer_);
  respond_json(session, answer_);
}

void HttpConnection::respond_empty(std::string_view status) {
  out_ += "HTTP/1.1 ";
  out_ += status;
  out_ += "\r\nContent-Length: 0\r\n\r\n";
}

void HttpConnection::respond_json(std::string_view extra_head, std::string_view body) {
  char length[64];
  const int size = std::snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", body.size());
  out_ += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  out_ += extra_head;
  out_.append(length, static_cast<std::size_t>(size));
  out_ += body;
}

void HttpConnection::respond_event(std::string_view extra_head, std::string_view body) {
  constexpr std::string_view kBefore = "event: message\ndata: ", kAfter = "\n\n";
  char length[64];
  const int size = std::snprintf(length, sizeof length, "%zx\r\n", kBefore.size() + body.size() + kAfter.size());
  out_ += "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n";
  out_ += extra_head;
  out_ += "Transfer-Encoding: chunked\r\n\r\n";
  out_.append(length, static_cast<std::size_t>(size));
  out_ += kBefore;
  out_ += body;
  out_ += kAfter;
  out_ += "\r\n0\r\n\r\n";
}

bool HttpConnection::flush() {
  while (has_output()) {
    const ssize_t written = write(fd_, out_.data() + written_, out_.size() - written_);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == EAGAIN;
    written_ += static_cast<std::size_t>(written);
  }
  out_.clear();
  written_ = 0;
  if (out_.capacity() > kKeptCapacity) out_.shrink_to_fit();
  return !close_after_;
}

}  // namespace bench
