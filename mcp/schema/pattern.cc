#include "mcp/schema/pattern.h"

#include <cstdint>
#include <re2/re2.h>
#include <utility>

#include "mcp/schema/ecma_regex.h"

namespace mcp::schema {

namespace {

/// Memory for what RE2 finds out while it matches, the program included.
constexpr std::int64_t kLargeMemory = 1 << 20, kSmallMemory = 256 << 10;
/// Instructions that get along with little memory.
constexpr int kSmallProgram = 256;

/// Instructions times bytes that RE2 may take some 5 ns each for, where it has to follow all ways through the pattern at once: this
/// many are a second and a half.
constexpr std::size_t kMostWork = std::size_t{1} << 28;
/// Of that work, how much is taken for a step. It is dear only for patterns that are made for it.
constexpr std::size_t kWorkForStep = 256;
constexpr std::size_t kBytesForStep = 64;

std::unique_ptr<re2::RE2> compile_re2(const std::string& pattern, std::int64_t memory) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(memory);
  return std::make_unique<re2::RE2>(pattern, options);
}

}  // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled, std::size_t memory)
    : compiled_(std::move(compiled)), size_(static_cast<std::size_t>(compiled_->ProgramSize())), memory_(memory) {}

Pattern::~Pattern() = default;

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view pattern) {
  if (pattern.size() > kMostBytes)
    return fail(ErrorCode::invalid_params, "it is longer than " + std::to_string(kMostBytes) + " bytes");
  auto translated = translate_ecma_regex(pattern);
  if (!translated) return std::unexpected(std::move(translated.error()));
  std::int64_t memory = kLargeMemory;
  auto compiled = compile_re2(*translated, memory);
  if (compiled->ok() && compiled->ProgramSize() <= kSmallProgram) {
    memory = kSmallMemory;
    compiled = compile_re2(*translated, memory);
  }
  if (!compiled->ok()) return fail(ErrorCode::invalid_params, "RE2 says: " + compiled->error());
  return std::shared_ptr<const Pattern>(new Pattern(std::move(compiled), static_cast<std::size_t>(memory)));
}

std::size_t Pattern::cost(std::size_t bytes) const {
  const std::size_t work = bytes * size_;
  return work > kMostWork ? SIZE_MAX : 1 + bytes / kBytesForStep + work / kWorkForStep;
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace mcp::schema
