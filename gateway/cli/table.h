#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// How a piece of text is meant; becomes a colour where there are colours.
enum class Tone { plain, good, warning, bad, faint };

/// `text` in its colour, or as it is.
std::string toned(std::string_view text, Tone tone, bool colour);

/// Aligned columns with a head line.
class Table {
 public:
  struct Cell {
    Cell(std::string content) : text(std::move(content)) {}  // NOLINT(google-explicit-constructor): cells are text
    Cell(std::string content, Tone meaning) : text(std::move(content)), tone(meaning) {}

    std::string text;  // cleaned when it is added
    Tone tone = Tone::plain;
  };

  explicit Table(std::vector<std::string> heads);

  /// One cell for each head.
  void add_row(std::vector<Cell> cells);

  bool empty() const { return rows_.empty(); }

  /// Two blanks between columns, none at the ends of lines. `width` cuts the last column so that lines fit; 0 cuts nothing.
  std::string render(std::size_t width, bool colour) const;

  /// Whether render() cuts something.
  bool is_cut(std::size_t width) const;

 private:
  std::vector<std::size_t> widths() const;
  /// For the last column.
  static std::size_t room(const std::vector<std::size_t>& widths, std::size_t width);

  std::vector<Cell> heads_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace gateway
