#pragma once

#include <cstddef>

namespace mcp {

/// Makes one pipe large (1 MiB) for as long as this lives: a megabyte takes twelve times as long through one of the usual 64 KiB.
/// All pipes of this process share 16 MiB, because the system allows only 64 MiB to all programs of a user (pipe-user-pages-soft)
/// and then gives each new pipe of theirs no more than 8 KiB. Any thread; each object one at a time.
class PipeRoom {
 public:
  PipeRoom() = default;
  ~PipeRoom();
  PipeRoom(const PipeRoom&) = delete;
  PipeRoom& operator=(const PipeRoom&) = delete;

  /// Does nothing where the pipe is large, is no pipe, or the system refuses; where the room is used up it may be asked again.
  void enlarge(int pipe);

 private:
  bool settled_ = false;
  std::size_t taken_ = 0;
};

}  // namespace mcp
