// owner_of_child RECORDS GUARDIAN COMMAND [ARG]...: owns a launcher and one child, says the pids of the child and of its guardian
// on a line, and waits to be killed. RECORDS: the folder for records of children, or "".
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "mcp/process/child_process.h"

namespace {

mcp::Task<void> own(mcp::ProcessLauncher& launcher, mcp::ChildSpec spec) {
  auto child = co_await launcher.launch(std::move(spec));
  if (!child) {
    fputs(child.error().text().c_str(), stderr);
    exit(1);
  }
  printf("%d %d\n", (*child)->pid(), (*child)->guardian_pid());
  fflush(stdout);
  co_await (*child)->wait_gone();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  boost::asio::io_context loop;
  const auto launcher = mcp::make_process_launcher({.guardian = argv[2], .records = argv[1]});
  mcp::ChildSpec spec;
  spec.command = argv[3];
  spec.args.assign(argv + 4, argv + argc);
  boost::asio::co_spawn(loop, own(*launcher, std::move(spec)), boost::asio::detached);
  loop.run();
  return 0;
}
