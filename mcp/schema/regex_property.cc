#include "mcp/schema/regex_property.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mcp::schema {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

/// Unicode's PropertyValueAliases for General_Category.
constexpr std::array<Pair, 36> kCategories = {{{"Letter", "L"},
                                               {"Uppercase_Letter", "Lu"},
                                               {"Lowercase_Letter", "Ll"},
                                               {"Titlecase_Letter", "Lt"},
                                               {"Modifier_Letter", "Lm"},
                                               {"Other_Letter", "Lo"},
                                               {"Mark", "M"},
                                               {"Combining_Mark", "M"},
                                               {"Nonspacing_Mark", "Mn"},
                                               {"Spacing_Mark", "Mc"},
                                               {"Enclosing_Mark", "Me"},
                                               {"Number", "N"},
                                               {"Decimal_Number", "Nd"},
                                               {"digit", "Nd"},
                                               {"Letter_Number", "Nl"},
                                               {"Other_Number", "No"},
                                               {"Punctuation", "P"},
                                               {"punct", "P"},
                                               {"Connector_Punctuation", "Pc"},
                                               {"Dash_Punctuation", "Pd"},
                                               {"Open_Punctuation", "Ps"},
                                               {"Close_Punctuation", "Pe"},
                                               {"Initial_Punctuation", "Pi"},
                                               {"Final_Punctuation", "Pf"},
                                               {"Other_Punctuation", "Po"},
                                               {"Symbol", "S"},
                                               {"Math_Symbol", "Sm"},
                                               {"Currency_Symbol", "Sc"},
                                               {"Modifier_Symbol", "Sk"},
                                               {"Other_Symbol", "So"},
                                               {"Separator", "Z"},
                                               {"Space_Separator", "Zs"},
                                               {"Line_Separator", "Zl"},
                                               {"Paragraph_Separator", "Zp"},
                                               {"Control", "Cc"},
                                               {"Format", "Cf"}}};

std::string category(std::string_view name) {
  for (const auto& [spelled, brief] : kCategories) {
    if (name == spelled || name == brief) return std::string(brief);
  }
  return name == "cntrl" ? "Cc" : name == "Private_Use" || name == "Co" ? "Co" : "";
}

bool is_word(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; });
}

}  // namespace

std::string re2_property(std::string_view name) {
  const std::size_t mark = name.find('=');
  if (mark == std::string_view::npos) return name == "Any" ? "Any" : category(name);
  const std::string_view property = name.substr(0, mark), value = name.substr(mark + 1);
  if (property == "gc" || property == "General_Category") return category(value);
  if (property != "sc" && property != "Script") return "";
  // RE2 refuses a script that it does not know. Short ones are categories to it.
  return is_word(value) && value.size() > 2 ? std::string(value) : "";
}

}  // namespace mcp::schema
