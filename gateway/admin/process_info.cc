#include "gateway/admin/process_info.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace gateway {

namespace {

/// The fields of /proc/self/stat from the third on (proc(5)); the second, the program's name, may itself hold blanks.
std::istringstream stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  return std::istringstream(end == std::string::npos ? std::string() : line.substr(end + 1));
}

/// When the system started, in seconds since the epoch.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string key; file >> key;) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
    std::getline(file, key);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> count_open_fds() {
  std::error_code error;
  std::uint64_t count = 0;
  for (auto at = std::filesystem::directory_iterator("/proc/self/fd", error); at != std::filesystem::directory_iterator();
       at.increment(error)) {
    if (error) return std::nullopt;
    ++count;
  }
  if (error || count == 0) return std::nullopt;
  return count - 1;  // the one that reads the folder
}

}  // namespace

ProcessInfo ProcessInfo::of_self() {
  constexpr int kFirstField = 3, kUserTime = 14, kSystemTime = 15, kStartTime = 22, kResidentPages = 24;
  ProcessInfo info;
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::istringstream fields = stat_fields();
  double cpu = 0;
  std::string value;
  for (int field = kFirstField; field <= kResidentPages && fields >> value; ++field) {
    if (field == kUserTime || field == kSystemTime) cpu += std::stod(value) / ticks;
    if (field == kSystemTime) info.cpu_seconds = cpu;
    if (field == kStartTime) {
      if (const auto boot = boot_time()) info.start_time = *boot + std::stod(value) / ticks;
    }
    if (field == kResidentPages) info.resident_bytes = std::stoull(value) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  info.open_fds = count_open_fds();
  return info;
}

}  // namespace gateway
