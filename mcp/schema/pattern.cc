#include "mcp/schema/pattern.h"

#include <re2/re2.h>

#include "mcp/schema/ecma_regex.h"

namespace mcp::schema {

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled)
    : compiled_(std::move(compiled)), size_(static_cast<std::size_t>(compiled_->ProgramSize())) {}

Pattern::~Pattern() = default;

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view pattern) {
  if (pattern.size() > kMostBytes)
    return fail(ErrorCode::invalid_params, "it is longer than " + std::to_string(kMostBytes) + " bytes");
  auto translated = translate_ecma_regex(pattern);
  if (!translated) return std::unexpected(std::move(translated.error()));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(1 << 20);
  auto compiled = std::make_unique<re2::RE2>(*translated, options);
  if (!compiled->ok()) return fail(ErrorCode::invalid_params, "RE2 says: " + compiled->error());
  return std::shared_ptr<const Pattern>(new Pattern(std::move(compiled)));
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace mcp::schema
