#include "mcp/rpc/batch.h"

#include "mcp/json/scanner.h"

namespace mcp {

bool is_batch(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '[';
}

Result<std::vector<std::string_view>> split_batch(std::string& text, std::size_t max_elements) {
  if (!is_batch(text)) return fail(ErrorCode::invalid_request, "The text is no batch: it does not begin with '['.");
  std::vector<std::string_view> found;
  bool too_many = false;
  JsonScanner<char> scanner(text.data(), text.data() + text.size());
  scanner.skip_space();
  const bool whole = scanner.array([&] {
    const std::size_t begin = scanner.position();
    too_many = found.size() == max_elements;
    if (too_many || !scanner.value()) return false;
    found.push_back(std::string_view(text).substr(begin, scanner.position() - begin));
    return true;
  }) && scanner.finish();
  if (too_many) {
    return fail(ErrorCode::invalid_request,
                "The batch holds more than " + std::to_string(max_elements) + " messages.",
                "Send fewer at a time.");
  }
  if (!whole) {
    const std::string where = std::string(scanner.problem()) + " at byte " + std::to_string(scanner.position()) + ".";
    if (scanner.too_deep()) return fail(ErrorCode::invalid_request, "The batch is " + where);
    return fail(ErrorCode::parse_error, "The batch is not valid JSON: " + where);
  }
  if (found.empty()) return fail(ErrorCode::invalid_request, "The batch is empty.", "A batch holds one message at least.");
  return found;
}

}  // namespace mcp
