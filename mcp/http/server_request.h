#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

/// Why a request is not handled: the status of the answer, and the line its body says. Status 0: nothing is wrong. The reason is a
/// literal that needs no JSON escapes.
struct Refusal {
  int status = 0;
  std::string_view reason;
};

/// The head of one request: request line and headers, checked strictly (RFC 9112; what could be read in two ways is refused). Keeps
/// a copy of its text, so its views live until the next parse() or clear(). Reuses its memory.
class RequestHead {
 public:
  /// `text` is a complete head, from the method to the empty line.
  Refusal parse(std::string_view text);

  /// Forgets the head and gives its memory back.
  void clear();

  std::string_view method() const { return view(method_); }
  std::string_view path() const { return path_.size == 0 ? "/" : view(path_); }
  std::string_view query() const { return view(query_); }
  std::string_view header(std::string_view name) const;

  bool http11() const { return http11_; }
  bool keep_alive() const { return keep_alive_; }
  bool chunked() const { return chunked_; }
  bool expects_continue() const { return expects_continue_; }
  std::uint64_t content_length() const { return content_length_; }

 private:
  class Parser;

  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };

  struct Field {
    Range name;
    Range value;
  };

  std::string_view view(Range range) const { return std::string_view(text_).substr(range.begin, range.size); }
  Range range_of(std::string_view part) const;
  bool contains(std::string_view part) const;
  Refusal take_target(std::string_view method, std::string_view target);
  Refusal take_field(unsigned field, std::string_view name, std::string_view value);
  Refusal count(unsigned field, std::string_view name);
  Refusal check_field(unsigned field, std::string_view value);

  std::string text_;
  Range method_, path_, query_;
  std::vector<Field> fields_;
  std::uint64_t content_length_ = 0;
  std::uint32_t seen_ = 0;  // one bit for each header that may come only once
  bool http11_ = false;
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
};

}  // namespace mcp
