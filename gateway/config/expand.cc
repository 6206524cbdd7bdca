#include "gateway/config/expand.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/config/jsonc.h"

namespace gateway {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;
constexpr std::size_t kMaxReported = 10;
constexpr std::size_t kMaxUsed = 1000;

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || !letter(name.front())) return false;
  return std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// What to write instead of a reference only an editor can resolve; "" when `inside` is none.
std::string editor_hint(std::string_view inside) {
  if (inside == "userHome") return "write ${HOME}";
  if (inside == "/" || inside == "pathSeparator") return "write /";
  if (inside.starts_with("workspace")) return "write the folder's full path";
  if (inside.starts_with("input:")) return "set a variable where switchyard runs and write ${ITS_NAME}";
  if (inside.starts_with("command:") || inside.starts_with("config:")) return "write the value itself";
  static constexpr std::array<std::string_view, 7> kOthers = {
      "file", "fileDirname", "fileWorkspaceFolder", "relativeFile", "fileBasename", "selectedText", "lineNumber"};
  return std::ranges::find(kOthers, inside) != kOthers.end() ? "write the value itself" : "";
}

class Expander {
 public:
  Expander(std::string_view text, const Environment& environment, bool lenient)
      : text_(text), environment_(environment), lenient_(lenient) {}

  Expansion run() {
    while (offset_ < text_.size() && out_.text.size() <= kMaxBytes)
      step();
    if (out_.text.size() > kMaxBytes) {
      out_.text.clear();
      out_.errors.emplace_back("the value is over 1 MiB once its variables are put in");
    }
    return std::move(out_);
  }

 private:
  void step() {
    const std::string_view rest = text_.substr(offset_);
    if (rest.starts_with("$${")) return copy(3, "${");
    if (!rest.starts_with("${")) return copy(1, rest.substr(0, 1));
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      if (!lenient_) error("\"${\" without \"}\"; a literal \"${\" is written \"$${\"");
      return copy(rest.size(), rest);
    }
    reference(rest.substr(2, close - 2), rest.substr(0, close + 1));
  }

  void error(std::string message) {
    if (out_.errors.size() < kMaxReported) out_.errors.push_back(std::move(message));
  }

  void copy(std::size_t taken, std::string_view written) {
    out_.text += written;
    offset_ += taken;
  }

  /// A secret comes under the name that it is looked up by.
  void secret(std::string_view inside, std::string_view whole) {
    if (lenient_) {
      error(quoted(whole) + " is for a file of Switchyard's own; put the server there");
    } else if (!is_secret_name(inside.substr(kSecretPrefix.size()))) {
      error(quoted(whole) + " is not ${secret:NAME}, whose name is 1 to 128 of A-Z a-z 0-9 _ . -, and which has no default");
    } else {
      put_in(inside, std::nullopt);
    }
    offset_ += whole.size();
  }

  void put_in(std::string_view name, std::optional<std::string_view> fallback) {
    out_.had_variable = true;
    std::string value = value_of(name, fallback);
    out_.text += value;
    if (!value.empty() && out_.used.size() < kMaxUsed) out_.used.emplace_back(name, std::move(value));
  }

  void reference(std::string_view inside, std::string_view whole) {
    if (inside.starts_with(kSecretPrefix)) return secret(inside, whole);
    std::string_view name = inside;
    if (name.starts_with("env:")) name.remove_prefix(4);
    std::optional<std::string_view> fallback;
    if (const std::size_t mark = name.find(":-"); mark != std::string_view::npos) {
      fallback = name.substr(mark + 2);
      name = name.substr(0, mark);
    }
    const std::string hint = editor_hint(inside);
    if (!hint.empty()) {
      error(quoted(whole) + " is known to an editor only; " + hint);
      return copy(whole.size(), "");
    }
    if (!is_variable_name(name)) return unknown_form(whole);
    put_in(name, fallback);
    offset_ += whole.size();
  }

  void unknown_form(std::string_view whole) {
    if (!lenient_) error(quoted(whole) + " is not ${NAME} or ${NAME:-default}; a literal \"${\" is written \"$${\"");
    copy(whole.size(), whole);
  }

  std::string value_of(std::string_view name, std::optional<std::string_view> fallback) {
    const std::optional<std::string> value = environment_(name);
    if (fallback && (!value || value->empty())) return std::string(*fallback);
    if (value) return *value;
    const bool known = std::ranges::find(out_.missing, name) != out_.missing.end();
    if (!known && out_.missing.size() < kMaxReported) out_.missing.emplace_back(name);
    return "";
  }

  std::string_view text_;
  const Environment& environment_;
  bool lenient_;
  std::size_t offset_ = 0;
  Expansion out_;
};

}  // namespace

Expansion expand_variables(std::string_view text, const Environment& environment, bool lenient) {
  return Expander(text, environment, lenient).run();
}

std::string expand_home(const std::string& text, const Environment& environment) {
  if (text != "~" && !text.starts_with("~/")) return text;
  const std::optional<std::string> home = environment("HOME");
  if (!home || home->empty()) return text;
  return *home + text.substr(1);
}

bool is_secret_name(std::string_view name) {
  constexpr std::size_t kMaxName = 128;
  static constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !name.empty() && name.size() <= kMaxName && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool is_environment_name(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace gateway
