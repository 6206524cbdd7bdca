#include "gateway/upstream/login_advice.h"

#include "gateway/config/shell_word.h"
#include "mcp/base/login_reason.h"

namespace gateway {

mcp::Error with_login_advice(mcp::Error error, const ServerName& name) {
  const bool first = error.code == mcp::ErrorCode::login_required;
  if (!first && error.code != mcp::ErrorCode::reauthentication_required) return error;
  if (!error.remedy.empty() && error.remedy != mcp::kLoginRemedy) return error;
  error.remedy = "Run: switchyard login " + shell_word(name.str());
  if (first) error.remedy += " (or, where it takes a fixed token, set an Authorization header under \"headers\")";
  return error;
}

}  // namespace gateway
