#include "mcp/http/url.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "mcp/base/ascii.h"

namespace mcp {
namespace {

constexpr std::size_t kMaxUrl = 8192;
constexpr std::string_view kExample = "Write it like https://mcp.example.com/mcp.";

std::unexpected<Error> bad(std::string message, std::string_view remedy = kExample) {
  return fail(ErrorCode::config_invalid, std::move(message), std::string(remedy));
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

bool host_char(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
}

bool valid_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' && !host.contains("..") &&
         std::ranges::all_of(host, host_char);
}

/// Resolvers read "127.1", "0x7f.1" and "2130706433" as addresses: such a host must be a plain IPv4 address or nothing.
bool looks_like_number(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  auto label = host.substr(host.rfind('.') + 1);
  return label.starts_with("0x") || (!label.empty() && std::ranges::all_of(label, digit));
}

Result<std::string> parse_host(std::string_view text) {
  boost::system::error_code error;
  if (text.starts_with('[')) {
    text = text.substr(1, text.size() - 2);
    auto address = boost::asio::ip::make_address_v6(text, error);
    if (error || text.contains('%')) return bad("the URL's host in brackets is not an IPv6 address.");
    return address.to_string();
  }
  if (text.empty()) return bad("the URL has no host.");
  auto host = ascii_lower(text);
  if (!valid_name(host)) {
    return bad("the URL's host has characters that no host name has.", "Write international names in their xn-- form.");
  }
  if (looks_like_number(host)) {
    boost::asio::ip::make_address_v4(host, error);
    if (error) return bad("the URL's host looks like a number but is no IPv4 address.", "Write it as four decimal numbers.");
  }
  return host;
}

Result<std::uint16_t> parse_port(std::string_view text, bool tls) {
  if (text.empty()) return static_cast<std::uint16_t>(tls ? 443 : 80);
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return bad("the URL's port is not a number from 1 to 65535.");
  }
  return port;
}

Result<std::string> parse_target(std::string_view text) {
  text = text.substr(0, text.find('#'));
  if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c > '~'; })) {
    return bad("the URL has a blank, a control character or a letter beyond ASCII.", "Write it percent-encoded, like %20.");
  }
  std::string target(text.starts_with('/') ? "" : "/");
  target += text;
  return target;
}

/// "mailto:x", "https://h/": it begins with a scheme's name and a colon.
bool has_scheme(std::string_view reference) {
  const auto end = reference.find_first_of(":/?#");
  return end != std::string_view::npos && end > 0 && reference[end] == ':';
}

/// RFC 3986, 5.2.4: "/a/./b/../c" is "/a/c".
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    const bool last = path.empty();
    if (segment == "..") out.resize(out.empty() ? 0 : out.rfind('/'));
    if (segment != "." && segment != "..") {
      out.append("/").append(segment);
    } else if (last) {
      out += '/';
    }
  }
  return out;
}

}  // namespace

Result<Url> Url::resolve(std::string_view reference) const {
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return *this;
  if (has_scheme(reference)) return parse(reference);
  if (reference.starts_with("//")) return parse(scheme + ":" + std::string(reference));
  const auto mark = std::min(reference.find('?'), reference.size());
  std::string wanted(path());
  if (reference.starts_with('/')) {
    wanted = reference.substr(0, mark);
  } else if (mark > 0) {
    wanted.resize(wanted.rfind('/') + 1);
    wanted += reference.substr(0, mark);
  }
  return parse(origin() + without_dot_segments(wanted) + std::string(reference.substr(mark)));
}

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrl) return bad("the URL is longer than 8192 characters.");
  auto colon = text.find("://");
  if (colon == std::string_view::npos) return bad("the URL has no scheme.");
  Url url;
  url.scheme = ascii_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return bad("the URL's scheme is neither http nor https.");
  text.remove_prefix(colon + 3);

  auto authority = text.substr(0, text.find_first_of("/?#"));
  if (authority.contains('@') || authority.contains('\\')) {
    return bad("the URL has a user name or password in it.", "Put credentials into \"headers\".");
  }
  // In brackets the colons are the address's own.
  auto host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[')) {
    if (host_end == std::string_view::npos) return bad("the URL's host has an opening bracket only.");
    ++host_end;
  }
  auto host_text = authority.substr(0, host_end);
  auto rest = authority.substr(host_text.size());
  if (!rest.empty() && rest.front() != ':') return bad("the URL has something between its host and its port.");

  auto host = parse_host(host_text);
  if (!host) return std::unexpected(std::move(host.error()));
  auto port = parse_port(rest.empty() ? rest : rest.substr(1), url.tls());
  if (!port) return std::unexpected(std::move(port.error()));
  auto target = parse_target(text.substr(authority.size()));
  if (!target) return std::unexpected(std::move(target.error()));
  url.host = std::move(*host);
  url.port = *port;
  url.target = std::move(*target);
  return url;
}

std::string Url::host_header() const {
  std::string out;
  if (host.contains(':')) {
    out.append("[").append(host).append("]");
  } else {
    out = host;
  }
  if (port != (tls() ? 443 : 80)) out.append(":").append(std::to_string(port));
  return out;
}

std::string Url::origin() const {
  return scheme + "://" + host_header();
}

bool is_loopback_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "127.0.0.1" || equals_ignoring_case(host, "localhost")) return true;
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(host, error);
  return !error && !host.contains('%') && address.is_loopback();
}

}  // namespace mcp
