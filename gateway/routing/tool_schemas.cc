#include "gateway/routing/tool_schemas.h"

#include <algorithm>
#include <utility>

#include "mcp/base/log.h"
#include "mcp/json/text.h"

namespace gateway {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

namespace {

constexpr std::string_view kInput = "inputSchema", kOutput = "outputSchema";

constexpr std::string_view kSwitch = "or set the server's \"validate\" to \"off\" in the configuration.";

/// One line for each, with the place: "- /days: expected integer, got "two"".
std::string listed(const std::vector<mcp::SchemaMistake>& mistakes) {
  std::string lines;
  for (const mcp::SchemaMistake& mistake : mistakes) {
    const std::string place =
        mistake.instance_path.size() > 300 ? mistake.instance_path.substr(0, 300) + "…" : mistake.instance_path;
    lines += "\n- " + (place.empty() ? "" : place + ": ") + mistake.message;
  }
  return lines;
}

mcp::ValidationLimits until(const mcp::WorkEnd& end) {
  mcp::ValidationLimits limits;
  limits.end = end;
  return limits;
}

}  // namespace

ToolSchemas::ToolSchemas(ServerName server, ToolName name, std::string_view tool, std::shared_ptr<MemoryCount> memory)
    : server_(std::move(server)),
      name_(std::move(name)),
      input_{.member = kInput, .text = std::string(mcp::member(tool, kInput))},
      output_{.member = kOutput, .text = std::string(mcp::member(tool, kOutput))},
      memory_(std::move(memory)) {
  count(sizeof(*this) + name_.str().size() + input_.text.size() + output_.text.size());
}

ToolSchemas::~ToolSchemas() {
  *memory_ -= counted_;
}

void ToolSchemas::count(std::size_t bytes) const {
  counted_ += bytes;
  *memory_ += bytes;
}

std::string ToolSchemas::named() const {
  return "\"" + name_.str() + "\"";
}

Result<const mcp::Schema*> ToolSchemas::compiled(const Side& side, const mcp::WorkEnd& end) const {
  const std::scoped_lock lock(side.mutex);
  if (!side.is_known) {
    // No deadline: whether a schema can be used must not depend on how busy the machine is.
    mcp::SchemaLimits limits;
    limits.end.stop = end.stop;
    auto schema = mcp::Schema::compile(side.text, limits);
    if (!schema && schema.error().code == ErrorCode::cancelled) return std::unexpected(std::move(schema).error());
    keep(side, std::move(schema));
    side.is_known = true;
  }
  return side.schema.get();
}

void ToolSchemas::keep(const Side& side, Result<std::shared_ptr<const mcp::Schema>> schema) const {
  if (!schema) {
    mcp::log_warn("calls",
                  "a tool's schema cannot be used; calls are not checked against it",
                  {{"server", server_.str()}, {"tool", name_.str()}, {"schema", side.member}, {"cause", schema.error().text()}});
    return;
  }
  constexpr std::size_t kMostNotes = 5;
  const auto& notes = (*schema)->notes();
  for (std::size_t i = 0; i < std::min(notes.size(), kMostNotes); ++i) {
    mcp::log_info("calls",
                  "a part of a tool's schema is not checked",
                  {{"server", server_.str()}, {"tool", name_.str()}, {"schema", side.member}, {"cause", notes[i]}});
  }
  count((*schema)->memory());
  side.schema = *std::move(schema);
}

Result<> ToolSchemas::check_arguments(std::string_view arguments, const mcp::WorkEnd& end) const {
  if (!has_input()) return {};
  const auto known = compiled(input_, end);
  if (!known) return std::unexpected(known.error());
  const mcp::Schema* schema = *known;
  if (schema == nullptr) return {};
  const std::string who = "server \"" + server_.str() + "\" was not asked: ";
  auto mistakes = schema->validate(arguments.empty() ? "{}" : arguments, until(end));
  if (!mistakes) {
    return fail(mistakes.error().code,
                who + "the arguments for " + named() + " cannot be checked: " + mistakes.error().message,
                "Send less, " + std::string(kSwitch));
  }
  if (mistakes->empty()) return {};
  return fail(
      ErrorCode::invalid_params,
      who + "the arguments for " + named() + " do not match its input schema. Correct this and call again:" + listed(*mistakes));
}

Result<> ToolSchemas::check_result(std::string_view result, const mcp::WorkEnd& end) const {
  if (mcp::member(result, "isError") == "true" || !mcp::member(result, "task").empty()) return {};
  if (!has_output()) return {};
  const auto known = compiled(output_, end);
  if (!known) return std::unexpected(known.error());
  const mcp::Schema* schema = *known;
  if (schema == nullptr) return {};
  const std::string what = "server \"" + server_.str() + "\" answered " + named() + " with a result that ";
  const std::string remedy = "Tell whoever makes the server, " + std::string(kSwitch);
  const std::string_view content = mcp::member(result, "structuredContent");
  if (content.empty()) {
    return fail(ErrorCode::not_mcp, what + "has no structuredContent, which the tool's own output schema promises.", remedy);
  }
  auto mistakes = schema->validate(content, until(end));
  if (!mistakes) return fail(mistakes.error().code, what + "cannot be checked: " + mistakes.error().message, remedy);
  if (mistakes->empty()) return {};
  return fail(ErrorCode::not_mcp,
              what + "breaks the tool's own output schema. What it was asked may be done all the same:" + listed(*mistakes));
}

}  // namespace gateway
