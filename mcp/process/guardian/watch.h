#pragma once

#include <string>
#include <vector>

struct seccomp_notif;  // NOLINT(readability-identifier-naming): the kernel's

namespace mcp {

/// Looks on at what a confined program tries (seccomp's user notification), lets all of it go on, and reports what its sandbox is
/// going to deny though this user could do it outside: that is the sandbox's doing, and no ordinary failure. Enforces nothing.
class Watch {
 public:
  /// Reports are lines on this descriptor: "denied write PATH", "denied connect ADDRESS". Each thing once, 64 in all; one that does
  /// not fit there at once is not made.
  explicit Watch(int reports) : reports_(reports) {}

  /// Takes the descriptor of the watch, or -1.
  void open(int descriptor);

  int descriptor() const { return descriptor_; }

  /// Answers one system call that waits, or closes where nobody is left who could make one. `events`: what poll() said.
  void answer(short events);

 private:
  void look(const seccomp_notif& call);
  void report(const std::string& what);

  const int reports_;
  int descriptor_ = -1;
  std::vector<std::string> reported_;
};

}  // namespace mcp
