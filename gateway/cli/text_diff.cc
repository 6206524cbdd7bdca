#include "gateway/cli/text_diff.h"

#include <algorithm>
#include <cstddef>
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

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, const std::string& file) {
  if (before == after) return "";
  const std::vector<Line> all = compare(lines_of(before), lines_of(after));
  std::string out = "--- " + file + "\n+++ " + file + "\n";
  std::size_t old_line = 0, new_line = 0;
  for (std::size_t at = 0; at < all.size();) {
    std::size_t begin = at;
    while (begin < all.size() && all[begin].mark == ' ')
      ++begin;
    if (begin == all.size()) break;
    const std::size_t from = std::max(at, begin - std::min(begin, kContext));
    std::size_t end = begin + 1;  // behind the last change of this part
    for (std::size_t i = end; i < std::min(all.size(), end + 2 * kContext + 1); ++i) {
      if (all[i].mark != ' ') end = i + 1;
    }
    const std::size_t to = std::min(all.size(), end + kContext);
    old_line += from - at;
    new_line += from - at;
    std::string lines;
    std::size_t old_count = 0, new_count = 0;
    for (std::size_t i = from; i < to; ++i) {
      lines.append(1, all[i].mark).append(all[i].text);
      if (!all[i].text.ends_with('\n')) lines += "\n\\ No newline at end of file\n";
      old_count += all[i].mark != '+' ? 1U : 0U;
      new_count += all[i].mark != '-' ? 1U : 0U;
    }
    out += "@@ -" + range_text(old_line, old_count) + " +" + range_text(new_line, new_count) + " @@\n" + lines;
    old_line += old_count;
    new_line += new_count;
    at = to;
  }
  return out;
}

}  // namespace gateway
