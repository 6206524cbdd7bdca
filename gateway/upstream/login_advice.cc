#include "gateway/upstream/login_advice.h"

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "gateway/config/shell_word.h"
#include "mcp/base/login_reason.h"

namespace gateway {
namespace {

constexpr std::string_view kRun = "Run: ";

std::string command_for(const ServerName& name) {
  return "switchyard login " + shell_word(name.str());
}

bool refuses_logins(const ServerSpec& spec) {
  const auto* http = std::get_if<HttpSpec>(&spec.transport);
  return http != nullptr && !http->access.login;
}

}  // namespace

mcp::Error with_login_advice(mcp::Error error, const ServerName& name) {
  const bool first = error.code == mcp::ErrorCode::login_required;
  if (!first && error.code != mcp::ErrorCode::reauthentication_required) return error;
  if (!error.remedy.empty() && error.remedy != mcp::kLoginRemedy) return error;
  error.remedy = std::string(kRun) + command_for(name);
  if (first) error.remedy += " (or, where it takes a fixed token, set an Authorization header under \"headers\")";
  return error;
}

mcp::Error with_login_advice(mcp::Error error, const ServerSpec& spec) {
  error = with_login_advice(std::move(error), spec.name);
  if (refuses_logins(spec) && error.remedy.starts_with(std::string(kRun) + command_for(spec.name))) {
    error.remedy.replace(0, kRun.size(), "Take \"oauth\": false out of its entry and run: ");
  }
  return error;
}

}  // namespace gateway
