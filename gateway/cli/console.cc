#include "gateway/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "gateway/cli/text.h"
#include "mcp/base/log.h"

namespace gateway {

namespace {

std::size_t terminal_width() {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

}  // namespace

Console Console::of_process(const Environment& variables) {
  Console console{.in = std::cin, .out = std::cout, .err = std::cerr};
  console.in_terminal = ::isatty(STDIN_FILENO) == 1;
  console.out_terminal = ::isatty(STDOUT_FILENO) == 1;
  console.err_terminal = ::isatty(STDERR_FILENO) == 1;
  console.colour = console.out_terminal && variables("NO_COLOR").value_or("").empty() && variables("TERM") != "dumb";
  console.err_has_log = true;
  if (console.out_terminal) console.width = terminal_width();
  return console;
}

bool ask_yes(const Console& console, std::string_view question) {
  console.out << std::flush;
  console.err << clean_line(question) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(console.in, answer);
  return answer.starts_with('y') || answer.starts_with('Y');
}

std::string failure_text(std::string_view message, std::string_view remedy) {
  if (message.empty()) return std::string(remedy);
  return mcp::Error{mcp::ErrorCode::internal, std::string(message), std::string(remedy)}.text();
}

void report_note(const Console& console, std::string_view note) {
  const std::string text = "switchyard: " + clean_text(note);
  if (console.err_has_log) {
    mcp::write_behind_log(text);
  } else {
    console.err << text << std::endl;
  }
}

}  // namespace gateway
