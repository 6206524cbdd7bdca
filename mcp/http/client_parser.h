#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mcp {

/// Takes one HTTP/1.1 answer apart, fed by hand. Keeps the head; shows the body piece by piece where it stands in the caller's
/// buffer. Strict: what two readers could understand differently is malformed.
class ResponseParser {
 public:
  enum class State {
    progress,   // something was consumed; look at head_done(), done(), take_piece()
    need_more,  // feed again with more bytes behind those not consumed
    too_large,  // the head is over its limit
    malformed,  // see error()
  };

  /// `no_body`: the answer to a HEAD request.
  ResponseParser(std::size_t max_head, bool no_body);
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  /// Parses one element (head, chunk header, piece of body); adds what it consumed to `consumed`. Not after done().
  State put(std::string_view bytes, std::size_t& consumed);

  /// The peer ended the stream: true where that ends the body properly. Not before head_done().
  bool put_end();

  bool head_done() const;
  bool done() const;
  const std::string& error() const;

  /// After head_done():
  int status() const;
  std::string_view header(std::string_view name) const;  // the first of that name; "" when absent
  std::string all_of(std::string_view name) const;       // all of that name, joined by ", "
  std::optional<std::uint64_t> content_length() const;
  bool keep_alive() const;

  /// The piece of body the last put() found.
  std::string_view take_piece();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mcp
