#include "oauth/client_authentication.h"

#include <array>

namespace oauth {

std::string_view to_string(ClientAuthentication method) {
  switch (method) {
    case ClientAuthentication::none:
      return "none";
    case ClientAuthentication::basic:
      return "client_secret_basic";
    case ClientAuthentication::post:
      return "client_secret_post";
    case ClientAuthentication::private_key_jwt:
      return "private_key_jwt";
  }
  return "none";
}

std::optional<ClientAuthentication> parse_client_authentication(std::string_view text) {
  static constexpr std::array kAll = {
      ClientAuthentication::none, ClientAuthentication::basic, ClientAuthentication::post, ClientAuthentication::private_key_jwt};
  for (const ClientAuthentication method : kAll) {
    if (to_string(method) == text) return method;
  }
  return std::nullopt;
}

}  // namespace oauth
