#include "gateway/cli/text_diff.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace gateway {
namespace {

constexpr std::size_t kContext = 3;
constexpr std::size_t kMostCells = 4'000'000;  // of the table of common lines

/// Lines with their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    lines.push_back(text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

struct Line {
  char mark;  // ' ', '-' or '+'
  std::string_view text;
};

using Lines = std::vector<std::string_view>;

/// The lines between those that both begin and end with: by the longest common subsequence.
void add_middle(const Lines& before, const Lines& after, std::vector<Line>& out) {
  const std::size_t rows = before.size(), columns = after.size();
  std::vector<std::vector<std::size_t>> common;
  if ((rows + 1) * (columns + 1) <= kMostCells) {
    common.assign(rows + 1, std::vector<std::size_t>(columns + 1));
    for (std::size_t i = rows; i-- > 0;) {
      for (std::size_t j = columns; j-- > 0;)
        common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::size_t i = 0, j = 0;
  while (i < rows || j < columns) {
    if (!common.empty() && i < rows && j < columns && before[i] == after[j]) {
      out.push_back({' ', before[i]});
      ++i;
      ++j;
    } else if (i < rows && (common.empty() || j == columns || common[i + 1][j] >= common[i][j + 1])) {
      out.push_back({'-', before[i++]});
    } else {
      out.push_back({'+', after[j++]});
    }
  }
}

std::vector<Line> compare(const Lines& before, const Lines& after) {
  const auto [first, second] = std::ranges::mismatch(before, after);
  const std::size_t head = static_cast<std::size_t>(first - before.begin());
  std::size_t tail = 0;
  while (tail < std::min(before.size(), after.size()) - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
    ++tail;
  std::vector<Line> out;
  out.reserve(before.size() + after.size());
  for (std::size_t i = 0; i < head; ++i)
    out.push_back({' ', before[i]});
  const auto middle = [&](const Lines& lines) {
    return Lines(lines.begin() + static_cast<std::ptrdiff_t>(head), lines.end() - static_cast<std::ptrdiff_t>(tail));
  };
  add_middle(middle(before), middle(after), out);
  for (std::size_t i = before.size() - tail; i < before.size(); ++i)
    out.push_back({' ', before[i]});
  return out;
}

/// "12,3": where a part begins and how many lines it has; one that has none stands behind a line.
std::string range_text(std::size_t begin, std::size_t count) {
  return std::to_string(count == 0 ? begin : begin + 1) + (count == 1 ? "" : "," + std::to_string(count));
}

/// A change with the lines around it, and what of both texts it shows.
struct Part {
  std::string lines;
  std::size_t old_count = 0, new_count = 0;
};

Part part_of(std::span<const Line> all) {
  Part part;
  for (const Line& line : all) {
    part.lines.append(1, line.mark).append(line.text);
    if (!line.text.ends_with('\n')) part.lines += "\n\\ No newline at end of file\n";
    part.old_count += line.mark != '+' ? 1U : 0U;
    part.new_count += line.mark != '-' ? 1U : 0U;
  }
  return part;
}

/// Behind the last change that belongs to the one at `begin`: between two are at most as many lines as stand around both.
std::size_t end_of_changes(std::span<const Line> all, std::size_t begin) {
  std::size_t end = begin + 1;
  for (std::size_t i = end; i < std::min(all.size(), end + 2 * kContext + 1); ++i) {
    if (all[i].mark != ' ') end = i + 1;
  }
  return end;
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, const std::string& file) {
  if (before == after) return "";
  const std::vector<Line> lines = compare(lines_of(before), lines_of(after));
  const std::span<const Line> all(lines);
  std::string out = "--- " + file + "\n+++ " + file + "\n";
  std::size_t old_line = 0, new_line = 0;
  for (std::size_t at = 0; at < all.size();) {
    const auto change = std::ranges::find_if(all.subspan(at), [](const Line& line) { return line.mark != ' '; });
    const std::size_t begin = static_cast<std::size_t>(change - all.begin());
    if (begin == all.size()) break;
    const std::size_t from = std::max(at, begin - std::min(begin, kContext));
    const std::size_t to = std::min(all.size(), end_of_changes(all, begin) + kContext);
    const Part part = part_of(all.subspan(from, to - from));
    old_line += from - at;
    new_line += from - at;
    out += "@@ -" + range_text(old_line, part.old_count) + " +" + range_text(new_line, part.new_count) + " @@\n" + part.lines;
    old_line += part.old_count;
    new_line += part.new_count;
    at = to;
  }
  return out;
}

}  // namespace gateway
