#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "mcp/base/result.h"

namespace re2 {
class RE2;
}

namespace mcp::schema {

/// A regular expression of a schema, matched in time linear in the text. Any thread.
class Pattern {
 public:
  /// Longest pattern, in bytes.
  static constexpr std::size_t kMostBytes = 4096;

  /// Errors (invalid_params; the message is a part of a sentence) where RE2 cannot match what the pattern means in ECMA-262.
  static Result<std::shared_ptr<const Pattern>> compile(std::string_view pattern);

  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  /// Somewhere in the text, as JSON Schema wants it: anchors are the pattern's own affair.
  bool matches(std::string_view text) const;

  /// What a match of so many bytes may cost, in the steps of a Budget. Mostly it costs much less: RE2 needs no more than a look at
  /// each byte, unless pattern and text are made to keep it from that. A match that might then take seconds costs all there is.
  std::size_t cost(std::size_t bytes) const;

  /// Bytes of memory that it takes at most.
  std::size_t memory() const { return memory_; }

  /// What compiling a pattern of so many bytes may cost, in the steps of a Budget: a few bytes may stand for a class of thousands
  /// of characters.
  static std::size_t compile_cost(std::size_t bytes) { return 1000 + bytes * 300; }

 private:
  Pattern(std::unique_ptr<re2::RE2> compiled, std::size_t memory);

  std::unique_ptr<re2::RE2> compiled_;
  std::size_t size_;  // instructions
  std::size_t memory_;
};

}  // namespace mcp::schema
