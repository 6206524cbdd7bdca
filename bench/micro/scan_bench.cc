/// Times Message::parse and replace on a few typical texts. Run alone: `scan_bench`.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/rpc/message.h"

namespace {

using Clock = std::chrono::steady_clock;

/// The best of several rounds, in nanoseconds a message; copying the text in is not timed.
double nanoseconds(const std::string& text, bool replace) {
  const int count = static_cast<int>(std::max<std::size_t>(10, 4'000'000 / text.size()));
  double best = 1e18;
  for (int round = 0; round < 9; ++round) {
    std::vector<std::string> texts(static_cast<std::size_t>(count), text);
    const auto start = Clock::now();
    for (std::string& each : texts) {
      auto message = mcp::Message::parse(std::move(each));
      if (!message) std::abort();
      if (replace) message->set_id("1234567");
      each = std::move(*message).take_text();
    }
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - start).count() / count);
  }
  return best;
}

void report(const char* what, const std::string& text) {
  const double time = nanoseconds(text, false);
  std::printf("%-28s %8zu B  parse %10.0f ns  %6.2f GB/s  parse + set_id %10.0f ns\n",
              what,
              text.size(),
              time,
              static_cast<double>(text.size()) / time,
              nanoseconds(text, true));
}

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes)
    out += piece;
  return out;
}

std::string answer(std::string_view text) {
  return R"({"jsonrpc":"2.0","id":12345678,"result":{"content":[{"type":"text","text":")" + std::string(text) + R"("}]}})";
}

}  // namespace

int main() {
  report("tools/call",
         R"({"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"files__read","arguments":{"path":"/tmp/notes.txt"},)"
         R"("_meta":{"progressToken":5}}})");
  report("answer, 10 KB ASCII", answer(repeated("The quick brown fox jumps. ", 10'000)));
  report("answer, 1 MB ASCII", answer(repeated("The quick brown fox jumps. ", 1'000'000)));
  report("answer, 1 MB prose lines", answer(repeated("The quick brown fox jumps over the lazy dog.\\n", 1'000'000)));
  report("answer, 1 MB JSON in text", answer(repeated(R"({\"name\":\"value\",\"n\":1},)", 1'000'000)));
  report("answer, 1 MB CJK", answer(repeated("世界和平", 1'000'000)));
  report("list, 400 KB",
         R"({"jsonrpc":"2.0","id":1,"result":{"tools":[)" +
             repeated(
                 R"({"name":"read_file","description":"Reads a file and returns it.","inputSchema":{"type":"object","properties":)"
                 R"({"path":{"type":"string","description":"Where it is"}},"required":["path"]}},)",
                 400'000) +
             "0]}}");
}
