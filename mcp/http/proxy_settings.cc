#include "mcp/http/proxy_settings.h"

#include <algorithm>
#include <charconv>
#include <openssl/evp.h>
#include <utility>

#include "mcp/base/ascii.h"
#include "mcp/base/percent.h"
#include "mcp/http/address_rules.h"

namespace mcp {

namespace ip = boost::asio::ip;
namespace {

constexpr std::string_view kForm = "Write it like http://proxy.example:3128, or http://USER:PASSWORD@proxy.example:3128.";

struct Variable {
  std::string name, value;
};

/// Of the variable in either case. `name` is in capitals.
std::optional<Variable> find(const ProxySettings::Variables& variables, std::string_view name) {
  if (!variables) return std::nullopt;
  for (const std::string& spelled : {ascii_lower(name), std::string(name)}) {
    auto value = variables(spelled);
    if (value && !trim_blanks(*value).empty()) return Variable{spelled, std::string(trim_blanks(*value))};
  }
  return std::nullopt;
}

std::string base64(std::string_view text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');  // and the zero that OpenSSL writes
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

/// The value may hold a password: no message repeats it.
Result<Proxy> parse_proxy(const Variable& variable) {
  const auto bad = [&variable](std::string_view why) {
    return fail(ErrorCode::config_invalid, "the variable " + variable.name + " " + std::string(why) + ".", std::string(kForm));
  };
  std::string_view text = variable.value;
  if (const auto colon = text.find("://"); colon != std::string_view::npos) {
    if (!equals_ignoring_case(text.substr(0, colon), "http"))
      return bad("names a proxy that is not reached by plain http, which is the only kind that is spoken");
    text.remove_prefix(colon + 3);
  }
  const auto authority = text.substr(0, text.find_first_of("/?#"));
  const auto at = authority.rfind('@');
  const auto user = at == std::string_view::npos ? std::string_view() : authority.substr(0, at);
  auto url = Url::parse("http://" + std::string(at == std::string_view::npos ? authority : authority.substr(at + 1)));
  if (!url) return bad("is no URL of a proxy");
  Proxy proxy{variable.name, std::move(*url), {}};
  if (at == std::string_view::npos) return proxy;
  const auto colon = user.find(':');
  std::string credentials = percent_decode(user.substr(0, colon)) + ":";
  if (colon != std::string_view::npos) credentials += percent_decode(user.substr(colon + 1));
  proxy.authorization = "Basic " + base64(credentials);
  return proxy;
}

Result<std::optional<Proxy>> choose(const ProxySettings::Variables& variables, std::string_view name) {
  auto variable = find(variables, name);
  if (!variable) variable = find(variables, "ALL_PROXY");
  if (!variable) return std::nullopt;
  auto proxy = parse_proxy(*variable);
  if (!proxy) return std::unexpected(std::move(proxy.error()));
  return std::move(*proxy);
}

std::optional<ip::address> literal(std::string_view text) {
  boost::system::error_code error;
  const auto address = ip::make_address(text, error);
  return error ? std::nullopt : std::optional(unmapped(address));
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool within(const ip::address& address, const ip::address& net, int bits) {
  if (address.is_v4() != net.is_v4()) return false;
  if (address.is_v4()) return ((std::uint64_t{address.to_v4().to_uint()} ^ net.to_v4().to_uint()) >> (32 - bits)) == 0;
  const auto left = address.to_v6().to_bytes();
  const auto right = net.to_v6().to_bytes();
  for (int i = 0; i < bits; ++i) {
    const auto at = static_cast<std::size_t>(i / 8);
    if (((left[at] ^ right[at]) >> (7 - i % 8) & 1) != 0) return false;
  }
  return true;
}

bool is_this_machine(std::string_view host, const std::optional<ip::address>& address) {
  return address ? address->is_loopback() || address->is_unspecified() : host == "localhost" || host.ends_with(".localhost");
}

std::string_view without_stop(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

}  // namespace

ProxySettings::ProxySettings(const Variables& variables)
    : http_(choose(variables, "HTTP_PROXY")), https_(choose(variables, "HTTPS_PROXY")) {
  const auto excepted = find(variables, "NO_PROXY");
  std::string_view rest = excepted ? std::string_view(excepted->value) : std::string_view();
  while (!rest.empty()) {
    const auto end = std::min(rest.find_first_of(", \t"), rest.size());
    const auto text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text == "*") none_ = true;
    if (auto exception = parse_exception(text)) exceptions_.push_back(std::move(*exception));
  }
}

std::optional<ProxySettings::Exception> ProxySettings::parse_exception(std::string_view text) {
  Exception out;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const auto net = literal(text.substr(0, slash));
    const auto bits = number<int>(text.substr(slash + 1));
    if (!net || !bits || *bits < 0 || *bits > (net->is_v4() ? 32 : 128)) return std::nullopt;
    out.net = *net;
    out.bits = *bits;
    return out;
  }
  // One colon stands before a port; more belong to an address, which has brackets where a port follows.
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon != std::string_view::npos && (bracketed ? text[colon - 1] == ']' : text.find(':') == colon)) {
    const auto port = number<std::uint16_t>(text.substr(colon + 1));
    if (!port || *port == 0) return std::nullopt;
    out.port = *port;
    text = text.substr(0, colon);
  }
  if (bracketed && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (const auto address = literal(text)) {
    out.net = *address;
    out.bits = address->is_v4() ? 32 : 128;
    return out;
  }
  if (text.starts_with('*')) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  out.name = ascii_lower(without_stop(text));
  return out.name.empty() ? std::nullopt : std::optional(std::move(out));
}

bool ProxySettings::is_excepted(const Url& url) const {
  const auto host = without_stop(url.host);
  const auto address = literal(host);
  if (none_ || is_this_machine(host, address)) return true;
  return std::ranges::any_of(exceptions_, [&](const Exception& each) {
    if (each.port != 0 && each.port != url.port) return false;
    if (address || each.name.empty()) return address && each.name.empty() && within(*address, each.net, each.bits);
    return host == each.name || (host.ends_with(each.name) && host[host.size() - each.name.size() - 1] == '.');
  });
}

Result<const Proxy*> ProxySettings::proxy_for(const Url& url) const {
  if (is_excepted(url)) return nullptr;
  const auto& choice = url.tls() ? https_ : http_;
  if (!choice) return std::unexpected(choice.error());
  return *choice ? &**choice : nullptr;
}

}  // namespace mcp
