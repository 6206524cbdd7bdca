#pragma once

namespace mcp {

/// What of a program's system calls is reported, and goes on: those that may be denied to it by what it finds in its sandbox.
struct Watched {
  bool files = true;     // that write, make or remove files
  bool network = false;  // that connect
};

/// Filters the system calls of the calling thread and of all it becomes and starts: what no server needs and what weakens a kernel
/// (modules, mounts, namespaces, tracing, bpf, keyrings, clocks, raw sockets, typing into terminals) fails with EPERM or ENOSYS.
/// Returns the descriptor for the watch, -1 where somebody already watches this process, or -errno - 1 where there is no filter.
int install_syscall_filter(const Watched& watched);

}  // namespace mcp
