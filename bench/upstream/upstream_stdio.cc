// upstream_stdio - a fast MCP echo server over stdio (newline-delimited JSON-RPC).
//   upstream_stdio [--tools N] [--name NAME] [--start-delay-ms M]
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "bench/upstream/echo_core.h"

namespace bench {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;
constexpr std::size_t kWriteAt = 1024 * 1024;

bool write_all(std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    done += static_cast<std::size_t>(written);
  }
  text.clear();
  return true;
}

/// What was read and not answered yet: at most one message that is not whole.
class LineBuffer {
 public:
  /// False at the end of the input.
  bool fill() {
    if (size_ == bytes_.size()) bytes_.resize(bytes_.size() * 2);
    ssize_t got = 0;
    do {
      got = read(STDIN_FILENO, bytes_.data() + size_, bytes_.size() - size_);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return false;
    size_ += static_cast<std::size_t>(got);
    return true;
  }

  /// The next whole line, "" when there is none.
  std::string_view next() {
    while (const auto* newline = static_cast<const char*>(memchr(bytes_.data() + scanned_, '\n', size_ - scanned_))) {
      const std::size_t end = static_cast<std::size_t>(newline - bytes_.data());
      const std::string_view line(bytes_.data() + start_, end - start_);
      start_ = scanned_ = end + 1;
      if (!line.empty()) return line;
    }
    scanned_ = size_;
    return {};
  }

  /// Makes room: forgets the lines that `next` has given out.
  void drop_done() {
    if (start_ == 0) return;
    memmove(bytes_.data(), bytes_.data() + start_, size_ - start_);
    size_ -= start_;
    start_ = 0;
    scanned_ = size_;
  }

 private:
  std::vector<char> bytes_ = std::vector<char>(kReadSize);
  std::size_t size_ = 0, start_ = 0, scanned_ = 0;
};

int serve(const EchoCore& core) {
  LineBuffer input;
  std::string out;
  while (input.fill()) {
    for (std::string_view line = input.next(); !line.empty(); line = input.next()) {
      if (core.handle(line, out)) out += '\n';
      if (out.size() > kWriteAt && !write_all(out)) return 0;
    }
    input.drop_done();
    if (!write_all(out)) return 0;
  }
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  std::string name = "echo-upstream";
  int tools = 0, delay_ms = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--tools") tools = atoi(argv[i + 1]);
    if (option == "--name") name = argv[i + 1];
    if (option == "--start-delay-ms") delay_ms = atoi(argv[i + 1]);
  }
  if (delay_ms > 0) usleep(static_cast<useconds_t>(delay_ms) * 1000);
  return bench::serve(bench::EchoCore(name, tools));
}
