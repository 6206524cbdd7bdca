#include "bench/loadgen/process_info.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace bench {
namespace {

double ticks_to_seconds(unsigned long ticks) {
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::ifstream open_proc(pid_t pid, const char* name) {
  return std::ifstream("/proc/" + std::to_string(pid) + "/" + name);
}

}  // namespace

double cpu_seconds(pid_t pid) {
  std::string line;
  std::getline(open_proc(pid, "stat"), line);
  const std::size_t name_end = line.rfind(')');  // the name before it may hold anything
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    fields >> skipped;  // state … cmajflt
  unsigned long user = 0, system = 0;
  fields >> user >> system;
  return ticks_to_seconds(user + system);
}

double cpu_seconds(const std::vector<pid_t>& pids) {
  double sum = 0;
  for (const pid_t pid : pids)
    sum += cpu_seconds(pid);
  return sum;
}

long status_number(pid_t pid, const char* key) {
  std::ifstream file = open_proc(pid, "status");
  const std::string prefix = std::string(key) + ":";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(prefix)) return std::stol(line.substr(prefix.size()));
  }
  return -1;
}

long status_number(const std::vector<pid_t>& pids, const char* key) {
  long sum = 0;
  for (const pid_t pid : pids)
    sum += std::max(0L, status_number(pid, key));
  return sum;
}

MachineTime machine_time() {
  std::ifstream file("/proc/stat");
  std::string name;
  unsigned long user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0;
  file >> name >> user >> nice >> system >> idle >> wait >> irq >> softirq >> steal;
  return {.busy = ticks_to_seconds(user + nice + system + irq + softirq), .steal = ticks_to_seconds(steal)};
}

}  // namespace bench
