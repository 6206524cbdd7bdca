#include "mcp/process/child_pipes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "mcp/process/program_path.h"

namespace mcp {

namespace {

constexpr int kSmallPipe = 4096;  // a page, the least there is: a user's pipes share what the system gives them

/// Never one of 0 to 2, should our own be closed: the child moves its ends there.
UniqueFd above_standard(int fd) {
  UniqueFd low(fd);
  if (fd > 2) return low;
  return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

bool make_pipe(PipeEnds& ends) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return false;
  ends.read = above_standard(fds[0]);
  ends.write = above_standard(fds[1]);
  return ends.read.get() >= 0 && ends.write.get() >= 0;
}

void set_non_blocking(const UniqueFd& fd) {
  fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

Result<ChildPipes> make_child_pipes() {
  ChildPipes pipes;
  for (PipeEnds* ends : {&pipes.in, &pipes.out, &pipes.err, &pipes.control, &pipes.status}) {
    if (make_pipe(*ends)) continue;
    return std::unexpected(refused_by_system("no pipes for a child", errno));
  }
  for (const UniqueFd* ours : {&pipes.in.write, &pipes.out.read, &pipes.err.read, &pipes.control.write, &pipes.status.read})
    set_non_blocking(*ours);
  fcntl(pipes.control.write.get(), F_SETPIPE_SZ, kSmallPipe);
  fcntl(pipes.status.read.get(), F_SETPIPE_SZ, kSmallPipe);
  return pipes;
}

}  // namespace mcp
