#include "gateway/cli/doctor_text.h"

#include <cctype>
#include <optional>

#include "gateway/cli/table.h"
#include "gateway/cli/text.h"
#include "gateway/config/words.h"

namespace gateway {

namespace {

constexpr std::size_t kLevelColumn = 9;   // "warning" and two blanks
constexpr std::size_t kUsualWidth = 100;  // where the output is no terminal

Tone tone_of(CheckLevel level) {
  switch (level) {
    case CheckLevel::ok:
      return Tone::good;
    case CheckLevel::note:
      return Tone::faint;
    case CheckLevel::warning:
      return Tone::warning;
    case CheckLevel::error:
      break;
  }
  return Tone::bad;
}

std::string heading(CheckGroup group) {
  std::string text(to_string(group));
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

std::string check_text(const Check& check, const Console& console) {
  std::string level(to_string(check.level));
  const std::string gap(kLevelColumn - level.size(), ' ');
  std::string text = "  " + toned(level, tone_of(check.level), console.colour) + gap + clean_line(check.subject) + ": " +
                     clean_line(check.message) + "\n";
  if (check.remedy.empty()) return text;
  const std::size_t width = console.width > 0 ? console.width : kUsualWidth;
  return text + wrap_words(std::string(kLevelColumn + 2, ' ') + clean_line(check.remedy), width) + "\n";
}

std::string summary(const Checks& checks) {
  const std::size_t errors = count_of(checks, CheckLevel::error), warnings = count_of(checks, CheckLevel::warning);
  if (errors == 0 && warnings == 0) return "Nothing is wrong, as far as that is to be seen from here.\n";
  return counted(errors, "error") + ", " + counted(warnings, "warning") + ", " +
         counted(count_of(checks, CheckLevel::note), "note") + "\n";
}

}  // namespace

std::string doctor_text(const Checks& checks, const Console& console) {
  std::string text;
  std::optional<CheckGroup> group;
  for (const Check& check : checks) {
    if (group != check.group) text += (group ? "\n" : "") + heading(check.group) + "\n";
    group = check.group;
    text += check_text(check, console);
  }
  return text + "\n" + summary(checks);
}

}  // namespace gateway
