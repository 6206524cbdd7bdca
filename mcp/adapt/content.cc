#include "mcp/adapt/content.h"

#include "mcp/json/text.h"

namespace mcp {
namespace {

using enum ProtocolVersion;

void adapt_annotations(Adapter& adapter, std::string_view annotations) {
  static constexpr MemberRule kRules[] = {{.name = "lastModified", .since = v2025_06_18}};
  adapter.object(annotations, kRules);
}

constexpr MemberRule kTitle = {.name = "title", .since = v2025_06_18};
constexpr MemberRule kIcons = {.name = "icons", .since = v2025_11_25};
constexpr MemberRule kMeta = {.name = "_meta", .since = v2025_06_18};
constexpr MemberRule kAnnotations = {.name = "annotations", .adapt = adapt_annotations, .newest = v2025_06_18};

void adapt_plain_block(Adapter& adapter, std::string_view block) {
  static constexpr MemberRule kRules[] = {kAnnotations, kMeta};
  adapter.object(block, kRules);
}

void adapt_embedded(Adapter& adapter, std::string_view block) {
  static constexpr MemberRule kRules[] = {
      kAnnotations, kMeta, {.name = "resource", .adapt = adapt_contents, .newest = v2025_06_18}};
  adapter.object(block, kRules);
}

/// "Report\nfile:///report.pdf (application/pdf)\nThe year's figures."
std::string describe_link(std::string_view link) {
  std::string title = string_member(link, "title");
  if (title.empty()) title = string_member(link, "name");
  std::string text = title.empty() ? "" : title + "\n";
  text += string_member(link, "uri");
  if (const std::string type = string_member(link, "mimeType"); !type.empty()) text.append(" (").append(type).append(")");
  if (const std::string description = string_member(link, "description"); !description.empty())
    text.append("\n").append(description);
  return text;
}

/// A text block that stands for `block` and has its annotations.
std::string stand_in(std::string_view block, std::string_view text, ProtocolVersion to) {
  std::string result = text_block(text);
  const std::string_view annotations = member(block, "annotations");
  if (!annotations.starts_with('{')) return result;
  Adapter adapter(annotations, to);
  adapt_annotations(adapter, annotations);
  result.back() = ',';
  return result.append(R"("annotations":)").append(adapter.text()).append("}");
}

std::string size_text(std::string_view base64) {
  const std::size_t bytes = base64.size() < 2 ? 0 : (base64.size() - 2) / 4 * 3;
  return bytes < 10'000 ? std::to_string(bytes) + " bytes" : std::to_string(bytes / 1000) + " kB";
}

}  // namespace

void adapt_message_meta(Adapter& adapter, std::string_view meta) {
  static constexpr MemberRule kRules[] = {{.name = "io.modelcontextprotocol/related-task", .since = v2025_11_25}};
  adapter.object(meta, kRules);
}

void adapt_block(Adapter& adapter, std::string_view block) {
  const std::string type = string_member(block, "type");
  if (type == "resource_link" && adapter.to() < v2025_06_18) {
    adapter.replace(block, stand_in(block, describe_link(block), adapter.to()));
  } else if (type == "audio" && adapter.to() < v2025_03_26) {
    adapter.replace(block, stand_in(block, block_note(block), adapter.to()));
  } else if (type == "resource_link") {
    adapt_resource(adapter, block);
  } else if (type == "resource") {
    adapt_embedded(adapter, block);
  } else if (type == "text" || type == "image" || type == "audio") {
    adapt_plain_block(adapter, block);
  }
}

void adapt_resource(Adapter& adapter, std::string_view resource) {
  static constexpr MemberRule kRules[] = {kTitle, kIcons, kMeta, kAnnotations};
  adapter.object(resource, kRules);
}

void adapt_resource_template(Adapter& adapter, std::string_view resource_template) {
  adapt_resource(adapter, resource_template);
}

void adapt_contents(Adapter& adapter, std::string_view contents) {
  static constexpr MemberRule kRules[] = {kMeta};
  adapter.object(contents, kRules);
}

void adapt_implementation(Adapter& adapter, std::string_view implementation) {
  static constexpr MemberRule kRules[] = {
      kTitle, kIcons, {.name = "description", .since = v2025_11_25}, {.name = "websiteUrl", .since = v2025_11_25}};
  adapter.object(implementation, kRules);
}

std::string text_block(std::string_view text) {
  std::string block = R"({"type":"text","text":)";
  append_json_string(block, text);
  return block + '}';
}

std::string block_note(std::string_view block) {
  const std::string type = string_member(block, "type");
  std::string note = "[" + (type.empty() ? std::string("content") : type);
  if (const std::string media = string_member(block, "mimeType"); !media.empty()) note.append(" ").append(media);
  if (const auto data = member(block, "data"); !data.empty()) note.append(", ").append(size_text(data));
  return note + ", left out: the reader's protocol revision has no place for it]";
}

}  // namespace mcp
