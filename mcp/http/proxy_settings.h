#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"
#include "mcp/http/url.h"

namespace mcp {

/// An HTTP proxy.
struct Proxy {
  std::string variable;       // that names it: "HTTPS_PROXY"
  Url url;                    // its host and port; scheme http
  std::string authorization;  // the value of Proxy-Authorization; "" = none. Secret

  /// "http://proxy.example:3128", without user and password.
  std::string origin() const { return url.origin(); }
};

/// Which proxy leads to which server, by the variables that all programs go by: HTTP_PROXY for http, HTTPS_PROXY for https,
/// ALL_PROXY for either where that is not set, and NO_PROXY for what is reached directly. Each may be written in lower case, which
/// wins; one that is empty is not set. Immutable; any thread.
///
/// NO_PROXY: "*" (everything), or a list with commas of names ("example.com", ".example.com", "*.example.com": the name and all
/// that end in "." and it), addresses, and nets ("10.0.0.0/8"); a name or an address may have a port (":8080"). This machine
/// (localhost, 127.0.0.0/8, ::1, the unspecified address) never has a proxy.
class ProxySettings {
 public:
  using Variables = std::function<std::optional<std::string>(std::string_view name)>;

  /// `variables` looks one up; {}: none is set.
  explicit ProxySettings(const Variables& variables);

  /// The proxy that leads to `url`, valid as long as this; null: none. Error config_invalid where the variable for it names what is
  /// no proxy that can be used (anything but http://[USER:PASSWORD@]HOST[:PORT]); it names the variable, never its value.
  Result<const Proxy*> proxy_for(const Url& url) const;

 private:
  /// One entry of NO_PROXY.
  struct Exception {
    std::string name;  // lower case, no dot at its ends; "" = `net`
    boost::asio::ip::address net;
    int bits = 0;
    std::uint16_t port = 0;  // 0 = any
  };

  using Choice = Result<std::optional<Proxy>>;

  static std::optional<Exception> parse_exception(std::string_view text);
  bool is_excepted(const Url& url) const;

  Choice http_;
  Choice https_;
  bool none_ = false;  // NO_PROXY is "*"
  std::vector<Exception> exceptions_;
};

}  // namespace mcp
