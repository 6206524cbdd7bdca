#pragma once

#include <sys/types.h>

#include <optional>

#include "mcp/process/exec_report.h"

namespace mcp {

/// The guardian's command line: CONTROL STATUS FILES RECORD ENVIRONMENT MODE CWD PATH NAME [ARG]...
struct GuardianArguments {
  int control = -1;             // read end: 't', 'k', end of file
  int status = -1;              // write end: the report
  long files = 0;               // soft RLIMIT_NOFILE of the program; 0 = as it is
  int record = -1;              // the child's record (child_records.h), to be added to; -1 = none
  int environment = -1;         // of a confined program: its variables (exec_report.h); else -1
  bool confined = false;        // MODE "confined": PATH is bubblewrap, and switchyard-confine speaks first; else "plain"
  const char* cwd = nullptr;    // "" = as it is
  const char* path = nullptr;   // of the program, looked up already
  char* const* argv = nullptr;  // of the program, from its own name on
};

/// Nothing when the command line is not one of the launcher's.
std::optional<GuardianArguments> parse_arguments(int argc, char** argv);

/// A forked program that may not have been executed yet.
struct Program {
  pid_t pid = -1;      // what was forked: of a confined program, bubblewrap
  int exec_pipe = -1;  // where its ExecReport comes in; confined: a socket
};

/// What came in, once something has, or the other end is closed.
struct Execution {
  ExecReport report;  // error 0 and stage "": nothing came before the end
  pid_t sender = -1;  // of a confined one: the program itself, as we see it
  int watch = -1;     // of a confined one: of its system calls
};

Execution read_execution(const Program& program, bool confined);

/// Adds "KEY PID START" of the calling process to the record.
void write_record(int record, const char* key);

/// Forks and executes the program on descriptors 0 to 2, in a process group of its own, with default signals and no other
/// descriptor. `pid` is -1 and errno set when there was no process or pipe to be had.
Program start_program(const GuardianArguments& arguments);

}  // namespace mcp
