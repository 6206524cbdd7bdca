#include "gateway/config/dotenv.h"

#include <algorithm>

#include "gateway/config/expand.h"
#include "gateway/config/jsonc.h"

namespace gateway {
namespace {

constexpr std::string_view kBlank = " \t\r";
constexpr std::size_t kMaxProblems = 5;
constexpr std::size_t kMaxVariables = 1000;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

char unescaped(char c) {
  if (c == 'n') return '\n';
  if (c == 'r') return '\r';
  return c == 't' ? '\t' : c;
}

class DotenvParser {
 public:
  explicit DotenvParser(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  Dotenv parse() {
    while (!text_.empty() && out_.problems.size() < kMaxProblems)
      read_line();
    return std::move(out_);
  }

 private:
  std::string_view take_to_line_end() {
    const std::string_view line = text_.substr(0, text_.find('\n'));
    skip(std::min(text_.size(), line.size() + 1));
    return line;
  }

  void skip(std::size_t bytes) {
    line_ += static_cast<int>(std::ranges::count(text_.substr(0, bytes), '\n'));
    text_.remove_prefix(bytes);
  }

  void problem(int line, const std::string& message) { out_.problems.push_back("line " + std::to_string(line) + ": " + message); }

  void read_line() {
    const int line = line_;
    const std::string_view whole = text_.substr(0, text_.find('\n'));
    const std::string_view shown = trimmed(whole);
    if (shown.empty() || shown.starts_with('#')) {
      take_to_line_end();
      return;
    }
    const std::size_t equals = whole.find('=');
    if (equals == std::string_view::npos) {
      problem(line, "expected NAME=VALUE");
      take_to_line_end();
      return;
    }
    const std::string name = name_in(whole.substr(0, equals));
    skip(equals + 1);
    std::string value;
    const bool read = read_value(line, value);
    if (!is_environment_name(name) || name.find_first_of(" \t") != std::string::npos) {
      problem(line, "expected a variable's name before '='");
    } else if (read && out_.variables.size() == kMaxVariables) {
      problem(line, "more than " + std::to_string(kMaxVariables) + " variables");
      text_ = {};
    } else if (read) {
      store(name, value);
    }
  }

  static std::string name_in(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with("export ") || text.starts_with("export\t")) text = trimmed(text.substr(7));
    return std::string(text);
  }

  bool read_value(int line, std::string& value) {
    const std::size_t first = std::min(text_.find_first_not_of(kBlank), text_.size());
    const char quote = first < text_.size() ? text_[first] : '\0';
    if (quote == '"' || quote == '\'' || quote == '`') {
      skip(first + 1);
      return read_quoted(line, quote, value);
    }
    std::string_view bare = take_to_line_end();
    for (std::size_t i = 0; i < bare.size(); ++i) {
      if (bare[i] == '#' && (i == 0 || kBlank.find(bare[i - 1]) != std::string_view::npos)) bare = bare.substr(0, i);
    }
    value = trimmed(bare);
    return true;
  }

  bool read_quoted(int line, char quote, std::string& value) {
    std::size_t i = 0;
    for (; i < text_.size() && text_[i] != quote; ++i) {
      const bool escape = quote == '"' && text_[i] == '\\' && i + 1 < text_.size();
      if (escape && std::string_view("nrt\"\\$").find(text_[i + 1]) != std::string_view::npos) {
        value += unescaped(text_[++i]);
      } else {
        value += text_[i];
      }
    }
    if (i == text_.size()) {
      problem(line, "the value's opening quote is never closed");
      skip(text_.size());
      return false;
    }
    skip(i + 1);
    const std::string_view after = trimmed(take_to_line_end());
    if (after.empty() || after.starts_with('#')) return true;
    problem(line, "unexpected text after the value's closing quote");
    return false;
  }

  void store(const std::string& name, const std::string& value) {
    const auto same = std::ranges::find(out_.variables, name, &std::pair<std::string, std::string>::first);
    if (same != out_.variables.end()) {
      same->second = value;
    } else {
      out_.variables.emplace_back(name, value);
    }
  }

  std::string_view text_;
  int line_ = 1;
  Dotenv out_;
};

}  // namespace

Dotenv parse_dotenv(std::string_view text) {
  return DotenvParser(text).parse();
}

}  // namespace gateway
