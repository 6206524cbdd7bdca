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

  /// What a match of so many bytes may cost, in steps.
  std::size_t cost(std::size_t bytes) const { return 1 + bytes / 64 + bytes * size_ / 1024; }

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> compiled);

  std::unique_ptr<re2::RE2> compiled_;
  std::size_t size_;  // instructions
};

}  // namespace mcp::schema
