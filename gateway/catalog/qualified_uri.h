#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/config.h"

namespace gateway {

/// The form of a resource's URI (or template) that names its server: switchyard://SERVER/URI, the server's name percent-encoded,
/// the rest as it is.
std::string qualified_uri(const ServerName& server, std::string_view uri);

/// Whether a URI, or a template, is of the scheme of qualified ones, however spelled: no server may list what names another.
bool is_qualified(std::string_view uri);

struct QualifiedUri {
  ServerName server;
  std::string uri;  // as the server knows it
};

/// Takes one apart; nothing where it is none. Whether there is such a server is another question.
std::optional<QualifiedUri> parse_qualified_uri(std::string_view uri);

}  // namespace gateway
