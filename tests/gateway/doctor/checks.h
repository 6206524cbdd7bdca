#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

#include "gateway/config/config_file.h"
#include "gateway/doctor/check.h"
#include "tests/gateway/config/config_text.h"

namespace gateway {

/// "error files: what is wrong | what mends it", a line each.
inline std::string shown(const Checks& checks) {
  std::string text;
  for (const Check& check : checks) {
    text += std::string(to_string(check.level)) + " " + check.subject + ": " + check.message;
    if (!check.remedy.empty()) text += " | " + check.remedy;
    text += "\n";
  }
  return text;
}

/// The worst of it.
inline CheckLevel worst(const Checks& checks) {
  CheckLevel level = CheckLevel::ok;
  for (const Check& check : checks)
    level = std::max(level, check.level);
  return level;
}

/// Whether everything that is not well says what mends it.
inline bool has_remedies(const Checks& checks) {
  return std::ranges::all_of(checks, [](const Check& check) { return check.level < CheckLevel::warning || !check.remedy.empty(); });
}

inline std::ostream& operator<<(std::ostream& out, CheckLevel level) {
  return out << to_string(level);
}

}  // namespace gateway
