#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "mcp/http/sse_reader.h"

namespace {

/// Everything a reader reported, written so that two readings can be compared.
std::string read(std::string_view text, std::size_t piece) {
  constexpr std::size_t kMaxEvent = 4096;
  mcp::SseReader reader(kMaxEvent);
  std::string out;
  auto take = [&out](mcp::SseEvent& event) {
    if (event.data.size() > kMaxEvent) std::abort();
    out += std::string(event.event) + '\x01' + event.data + '\x02' + std::string(event.id) + '\x03';
    if (event.retry_ms) out += std::to_string(*event.retry_ms);
    return true;
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (!reader.feed(text.substr(at, piece), take)) return "too large";
  }
  return out;
}

}  // namespace

/// The first byte is the piece size; whole and in pieces, the events must be the same (a limit may strike a little earlier or
/// later).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string text(data + 1, data + size);
  auto whole = read(text, text.size() + 1);
  auto pieces = read(text, std::size_t{data[0]} + 1);
  if (text.size() <= 4096 && whole != pieces) std::abort();
  return 0;
}
