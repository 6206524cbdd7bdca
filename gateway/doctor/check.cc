#include "gateway/doctor/check.h"

#include <algorithm>
#include <utility>

#include "mcp/json/text.h"

namespace gateway {

std::string_view to_string(CheckLevel level) {
  switch (level) {
    case CheckLevel::ok:
      return "ok";
    case CheckLevel::note:
      return "note";
    case CheckLevel::warning:
      return "warning";
    case CheckLevel::error:
      break;
  }
  return "error";
}

std::string_view to_string(CheckGroup group) {
  switch (group) {
    case CheckGroup::installation:
      return "installation";
    case CheckGroup::state:
      return "state";
    case CheckGroup::configuration:
      return "configuration";
    case CheckGroup::gateway:
      return "gateway";
    case CheckGroup::servers:
      break;
  }
  return "servers";
}

std::size_t count_of(const Checks& checks, CheckLevel level) {
  return static_cast<std::size_t>(std::ranges::count(checks, level, &Check::level));
}

std::string checks_json(const Checks& checks) {
  std::string json = R"({"checks":[)";
  for (const Check& check : checks) {
    if (json.ends_with('}')) json += ',';
    json.append(R"({"group":)").append(mcp::json_string(to_string(check.group)));
    json.append(R"(,"subject":)").append(mcp::json_string(check.subject));
    json.append(R"(,"level":)").append(mcp::json_string(to_string(check.level)));
    json.append(R"(,"message":)").append(mcp::json_string(check.message));
    if (!check.remedy.empty()) json.append(R"(,"remedy":)").append(mcp::json_string(check.remedy));
    json += '}';
  }
  json += R"(],"errors":)" + std::to_string(count_of(checks, CheckLevel::error));
  json += R"(,"warnings":)" + std::to_string(count_of(checks, CheckLevel::warning));
  return json + R"(,"notes":)" + std::to_string(count_of(checks, CheckLevel::note)) + "}";
}

void CheckList::add(CheckLevel level, std::string subject, std::string message, std::string remedy) {
  // Errors end their messages as sentences, looks do not.
  if (message.ends_with('.') && !message.ends_with("..")) message.pop_back();
  checks_.push_back({group_, std::move(subject), level, std::move(message), std::move(remedy), of_server_});
  of_server_ = group_ == CheckGroup::servers;
}

}  // namespace gateway
