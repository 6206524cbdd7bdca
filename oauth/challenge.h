#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth {

/// One way to authenticate that a server offers in WWW-Authenticate (RFC 9110, 11.6.1).
struct Challenge {
  std::string scheme;                                           // lower case
  std::string token68;                                          // "" = none
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case; values without quotes and escapes

  /// The first of that name, which is given in lower case; "" where there is none.
  std::string_view parameter(std::string_view name) const;
};

/// Reads the value of a WWW-Authenticate header, or of several joined by ", ". As servers write them: commas may be missing between
/// parameters, a value with characters that want quotes may come without. 16 KiB, 16 challenges and 32 parameters each are read;
/// what goes beyond, and what begins a quoted string that never ends, is left out.
std::vector<Challenge> parse_challenges(std::string_view header);

/// What a server says of the access tokens it wants (RFC 6750, 3; RFC 9728, 5.1). Members are "" where they were not given.
struct BearerChallenge {
  std::string resource_metadata;  // a URL, unchecked
  std::optional<std::vector<std::string>> scopes;
  std::string error;
  std::string error_description;  // as the server wrote it: to be shown by shown_text() alone
};

/// The Bearer challenge of a WWW-Authenticate value: of several the first that names its metadata, else the first.
std::optional<BearerChallenge> find_bearer_challenge(std::string_view header);

}  // namespace oauth
