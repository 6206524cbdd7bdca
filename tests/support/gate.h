#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace mcp {

/// A FIFO at which a stdio_fault in the mode `gate` or `start-gate` waits until the test opens it.
class Gate {
 public:
  Gate() {
    std::string folder = std::filesystem::temp_directory_path() / "switchyard-gate-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
    if (::mkfifo(path().c_str(), 0600) != 0) throw std::runtime_error("no FIFO");
  }

  ~Gate() {
    if (fd_ >= 0) ::close(fd_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  std::string path() const { return folder_ / "gate"; }

  /// Lets through who waits there, and who comes later. Does not wait itself: open for both directions, a FIFO needs nobody else.
  void open() {
    if (fd_ < 0) fd_ = ::open(path().c_str(), O_RDWR | O_CLOEXEC);
  }

 private:
  std::filesystem::path folder_;
  int fd_ = -1;
};

}  // namespace mcp
