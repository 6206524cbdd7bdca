#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

#include "gateway/config/config_file.h"
#include "mcp/base/error.h"

namespace gateway {

/// Where a command reads and writes, and what it may use there. Tests pass streams of their own.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_terminal = false;
  bool out_terminal = false;
  bool err_terminal = false;
  bool colour = false;       // on `out`
  std::size_t width = 0;     // columns of `out`; 0 where it is no terminal
  bool err_has_log = false;  // `err` is where the log goes too

  static Console of_process(const Environment& variables);
};

/// Asks a question that is answered with y or n, on `err`. Yes only where the answer begins with y. Only where `in` is a terminal.
bool ask_yes(const Console& console, std::string_view question);

/// Message and remedy as sentences on one line.
std::string failure_text(std::string_view message, std::string_view remedy);

/// The program's exit status.
enum class Exit { done = 0, failed = 1, usage = 2 };

/// "switchyard: note" on `err`, behind the log's lines where these go there too. Who does not read it cannot keep us.
void report_note(const Console& console, std::string_view note);

}  // namespace gateway
