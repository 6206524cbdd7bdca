#include "oauth/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "mcp/base/ascii.h"

namespace oauth {
namespace {

constexpr std::size_t kLongest = 64;
constexpr auto kMostPatience = std::chrono::hours(24);
constexpr std::array<std::string_view, 12> kMonths = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// What stands between blanks, commas, dashes and colons. The name of the day is of no use.
std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = text.find_first_of(" ,-:");
    if (end != 0) found.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return found;
}

struct Parts {
  std::string_view day, month, year, hour, minute, second;
};

std::optional<WallTime> moment(const Parts& parts) {
  const auto month = std::ranges::find(kMonths, parts.month);
  const auto day = number(parts.day), hour = number(parts.hour), minute = number(parts.minute), second = number(parts.second);
  auto year = number(parts.year);
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  if (parts.year.size() == 2) *year += *year < 70 ? 2000 : 1900;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year > 9999 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  const auto found = words(mcp::trim_blanks(text));
  // "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"
  if (found.size() == 8 && found.back() == "GMT") return moment({found[1], found[2], found[3], found[4], found[5], found[6]});
  // "Sun Nov  6 08:49:37 1994"
  if (found.size() == 7) return moment({found[2], found[1], found[6], found[3], found[4], found[5]});
  return std::nullopt;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now) {
  const auto value = mcp::trim_blanks(text);
  if (value.empty() || value.size() > kLongest) return std::nullopt;
  const std::chrono::seconds most = kMostPatience;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc() || seconds > most.count()) return most;
    return std::chrono::seconds(seconds);
  }
  const auto date = parse_http_date(value);
  if (!date || *date <= now) return std::nullopt;
  return std::min(std::chrono::ceil<std::chrono::seconds>(*date - now), most);
}

}  // namespace oauth
