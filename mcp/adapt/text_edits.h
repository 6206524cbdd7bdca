#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mcp {

/// Changes to one text, collected while it is read and made in one pass. What is not changed stays byte for byte, so that numbers
/// keep their spelling and members nobody knows keep their place. The text must outlive it; the parts that are changed must not
/// overlap, but may be named in any order.
class TextEdits {
 public:
  explicit TextEdits(std::string_view text) : text_(text) {}

  /// `part` is a view into the text; an empty one is a place to insert at, once.
  void replace(std::string_view part, std::string with);

  bool empty() const { return edits_.empty(); }

  std::string apply();

 private:
  struct Edit {
    std::size_t begin, end;
    std::string with;
  };

  std::string_view text_;
  std::vector<Edit> edits_;
};

}  // namespace mcp
