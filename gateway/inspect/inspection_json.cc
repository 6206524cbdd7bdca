#include "gateway/inspect/inspection_json.h"

#include "mcp/json/text.h"

namespace gateway {

namespace {

using mcp::json_string;

/// Writes members of one object, one behind the other.
class ObjectWriter {
 public:
  void add(std::string_view name, std::string_view json) {
    text_.append(text_.size() > 1 ? "," : "").append(json_string(name)).append(":").append(json);
  }
  std::string take() { return std::move(text_) + "}"; }

 private:
  std::string text_ = "{";
};

template <class Range, class ToJson>
std::string array_json(const Range& range, const ToJson& to_json) {
  std::string text = "[";
  for (const auto& element : range) {
    if (text.size() > 1) text += ',';
    text += to_json(element);
  }
  return text + "]";
}

std::string items_json(const OfferList& list) {
  return array_json(list.items, [](const std::string& item) { return item; });
}

std::string finding_json(const Finding& finding, mcp::ProtocolVersion revision) {
  ObjectWriter object;
  object.add("id", json_string(finding.rule->id));
  object.add("severity", json_string(to_string(finding.rule->severity)));
  object.add("seen", json_string(finding.seen));
  object.add("subjects", array_json(finding.subjects, json_string));
  object.add("leftOut", std::to_string(finding.left_out));
  object.add("says", json_string(finding.rule->says));
  object.add("means", json_string(finding.rule->means));
  object.add("page", json_string(page_url(*finding.rule, revision)));
  return object.take();
}

std::string timings_json(const Inspection& inspection) {
  ObjectWriter object;
  for (const Timing& timing : inspection.timings) {
    object.add(timing.what, std::to_string(timing.took.count()));
  }
  return object.take();
}

std::string failed_json(const Inspection& inspection) {
  ObjectWriter object;
  for (const OfferList* list : {&inspection.tools, &inspection.prompts, &inspection.resources, &inspection.templates}) {
    // Who declares nothing may refuse to list it.
    if (list->error && list->declared) object.add(list->method, json_string(list->error->message));
  }
  return object.take();
}

}  // namespace

std::string page_url(const Rule& rule, mcp::ProtocolVersion revision) {
  // Older revisions have no page for their schema.
  if (rule.page == "schema") {
    return "https://github.com/modelcontextprotocol/modelcontextprotocol/blob/main/schema/" + std::string(to_string(revision)) +
           "/schema.ts";
  }
  return "https://modelcontextprotocol.io/specification/" + std::string(to_string(revision)) + "/" + std::string(rule.page);
}

std::string inspection_json(const Inspection& inspection) {
  ObjectWriter object;
  object.add("target", json_string(inspection.target));
  object.add("transport", json_string(inspection.transport));
  object.add("revision", json_string(to_string(inspection.revision)));
  object.add("server", inspection.server_info);
  object.add("capabilities", inspection.capabilities);
  object.add("instructions", json_string(inspection.instructions));
  object.add("timings", timings_json(inspection));
  object.add("tools", items_json(inspection.tools));
  object.add("prompts", items_json(inspection.prompts));
  object.add("resources", items_json(inspection.resources));
  object.add("resourceTemplates", items_json(inspection.templates));
  object.add("failed", failed_json(inspection));
  object.add("findings",
             array_json(inspection.findings.all(), [&](const Finding& one) { return finding_json(one, inspection.revision); }));
  object.add("errors", std::to_string(inspection.findings.count(Severity::error)));
  object.add("warnings", std::to_string(inspection.findings.count(Severity::warning)));
  object.add("notes", std::to_string(inspection.findings.count(Severity::note)));
  return object.take();
}

}  // namespace gateway
