#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace gateway {

/// A program run as a child, its standard input written and its output read line by line, its standard error kept in a file (or
/// written to a named pipe that is there). Killed at the latest when this object or the whole test program ends. Everything that
/// waits throws std::runtime_error, with what is on standard error, when it takes longer than 20 seconds.
class ChildProgram {
 public:
  /// `environment` is the whole of it, "NAME=value".
  ChildProgram(const std::string& program,
               std::vector<std::string> args,
               std::vector<std::string> environment,
               std::string stderr_file);
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  pid_t pid() const { return pid_; }

  /// The next line on standard output that contains `part`.
  std::string wait_line(const std::string& part);

  void write_line(const std::string& line) const;
  void close_input();

  void signal(int number) const;

  /// The exit code, or 128 and the signal's number. Reads what is on standard output meanwhile.
  int wait_exit();

  /// True when it ended within that time.
  bool ended_within(int milliseconds) const;

  std::string stderr_text() const;

 private:
  bool read_more();

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string stderr_file_;
  std::string received_;
  std::optional<int> status_;
};

/// The pids of all processes with this NAME=value in their environment, wherever they hang in the tree; no zombies.
std::vector<pid_t> processes_with(const std::string& variable);

/// Waits until none of them is left, at most ten seconds; those that are.
std::vector<pid_t> wait_until_none_with(const std::string& variable);

/// What a process holds.
struct Resources {
  std::size_t descriptors = 0;
  long resident_kib = 0;
  long peak_kib = 0;
};

Resources resources_of(pid_t pid);

/// Whether a process still holds a connection that its other end, or it itself, has closed.
bool has_ended_connections(pid_t pid);

std::string read_text_file(const std::string& path);

}  // namespace gateway
