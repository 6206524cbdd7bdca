#include "oauth/claims.h"

#include <algorithm>
#include <array>

#include "oauth/base64url.h"
#include "oauth/json_object.h"
#include "oauth/shown_text.h"

namespace oauth {

std::string subject_of_jwt(std::string_view jwt) {
  if (std::ranges::count(jwt, '.') != 2) return "";
  const std::size_t first = jwt.find('.');
  const auto payload = decode_base64url(jwt.substr(first + 1, jwt.rfind('.') - first - 1));
  if (!payload) return "";
  auto claims = JsonObject::parse("the token", *payload);
  if (!claims) return "";
  for (const char* name : {"email", "preferred_username", "name", "sub"}) {
    const std::string text = claims->text(name);
    if (!text.empty()) return shown_text(text, {});
  }
  return "";
}

}  // namespace oauth
