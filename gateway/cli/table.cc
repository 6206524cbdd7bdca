#include "gateway/cli/table.h"

#include <algorithm>
#include <utility>

#include "gateway/cli/text.h"

namespace gateway {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 12;  // the last column is never cut shorter

std::string_view colour_code(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "\x1b[32m";
    case Tone::warning:
      return "\x1b[33m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::faint:
      return "\x1b[2m";
    case Tone::plain:
      break;
  }
  return "";
}

}  // namespace

std::string toned(std::string_view text, Tone tone, bool colour) {
  const std::string_view code = colour_code(tone);
  if (!colour || code.empty() || text.empty()) return std::string(text);
  return std::string(code) + std::string(text) + "\x1b[0m";
}

Table::Table(std::vector<std::string> heads) {
  for (std::string& head : heads)
    heads_.emplace_back(std::move(head), Tone::faint);
}

void Table::add_row(std::vector<Cell> cells) {
  for (Cell& cell : cells)
    cell.text = clean_line(cell.text);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths(heads_.size(), 0);
  const auto measure = [&widths](const std::vector<Cell>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], display_width(cells[i].text));
  };
  measure(heads_);
  std::ranges::for_each(rows_, measure);
  return widths;
}

std::size_t Table::room(const std::vector<std::size_t>& widths, std::size_t width) {
  std::size_t before_last = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i)
    before_last += widths[i] + kGap;
  return std::max(kNarrowest, width > before_last ? width - before_last : 0);
}

bool Table::is_cut(std::size_t width) const {
  const auto columns = widths();
  return width > 0 && columns.back() > room(columns, width);
}

std::string Table::render(std::size_t width, bool colour) const {
  const auto columns = widths();
  const std::size_t room_left = room(columns, width);
  std::string out;
  const auto write = [&](const std::vector<Cell>& cells) {
    std::string pending;  // blanks, written once something follows them
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool last = i + 1 == cells.size();
      const std::string text = last && width > 0 ? cut_to_width(cells[i].text, room_left) : cells[i].text;
      if (!text.empty()) out += std::exchange(pending, {}) + toned(text, cells[i].tone, colour);
      pending.append(columns[i] + kGap - std::min(columns[i], display_width(text)), ' ');
    }
    out += '\n';
  };
  write(heads_);
  std::ranges::for_each(rows_, write);
  return out;
}

}  // namespace gateway
