#pragma once

#include <sys/types.h>

#include <vector>

namespace bench {

/// What the kernel says about processes and the machine. A process that is gone counts as nothing.

/// User and system time of all threads, in seconds.
double cpu_seconds(pid_t pid);
double cpu_seconds(const std::vector<pid_t>& pids);

/// A number of /proc/PID/status ("VmRSS" and "VmHWM" in KB, "Threads"); -1 when there is none.
long status_number(pid_t pid, const char* key);
long status_number(const std::vector<pid_t>& pids, const char* key);

/// How all cores together were spent since boot, in seconds.
struct MachineTime {
  double busy = 0;   // user, nice, system, interrupts
  double steal = 0;  // taken by the hypervisor
};
MachineTime machine_time();

}  // namespace bench
