#pragma once

#include <sys/types.h>

#include <optional>

namespace mcp {

/// The guardian's command line: CONTROL STATUS FILES RECORD CWD PATH NAME [ARG]...
struct GuardianArguments {
  int control = -1;             // read end: 't', 'k', end of file
  int status = -1;              // write end: the report
  long files = 0;               // soft RLIMIT_NOFILE of the program; 0 = as it is
  int record = -1;              // the child's record (child_records.h), to be added to; -1 = none
  const char* cwd = nullptr;    // "" = as it is
  const char* path = nullptr;   // of the program, looked up already
  char* const* argv = nullptr;  // of the program, from its own name on
};

/// Nothing when the command line is not one of the launcher's.
std::optional<GuardianArguments> parse_arguments(int argc, char** argv);

/// What a program that could not be executed leaves in the pipe.
struct ExecFailure {
  int error = 0;
  char stage[16] = {};  // "chdir", "exec"
};

/// A forked program that may not have been executed yet.
struct Program {
  pid_t pid = -1;
  int exec_pipe = -1;  // end of file: it runs; an ExecFailure: it does not
};

/// Adds "KEY PID START" of the calling process to the record.
void write_record(int record, const char* key);

/// Forks and executes the program on descriptors 0 to 2, in a process group of its own, with default signals and no other
/// descriptor. `pid` is -1 and errno set when there was no process or pipe to be had.
Program start_program(const GuardianArguments& arguments);

}  // namespace mcp
