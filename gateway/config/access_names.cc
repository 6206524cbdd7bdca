#include "gateway/config/access_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "mcp/base/ascii.h"

namespace gateway {
namespace {

/// The short form of an IPv6 address, which browsers write.
std::optional<std::string> normal_ipv6(std::string_view text) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;
  if (inet_ntop(AF_INET6, &address, buffer.data(), buffer.size()) == nullptr) return std::nullopt;
  return buffer.data();
}

/// A name or an IPv4 address. Names beyond ASCII come as browsers send them, in punycode.
bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= 253 && text.front() != '.' && text.front() != '-' && std::ranges::all_of(text, fits);
}

bool is_port(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const int port = digits ? std::stoi(std::string(text)) : 0;
  return port >= 1 && port <= 65535;
}

bool is_scheme(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; };
  return !text.empty() && letter(text.front()) && std::ranges::all_of(text, fits);
}

struct Authority {
  std::string host;  // normal, without brackets
  std::string_view port;
};

std::optional<Authority> read_authority(std::string_view text) {
  std::optional<std::string> host;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = normal_ipv6(text.substr(1, close - 1));
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (is_name(text.substr(0, colon))) host = mcp::ascii_lower(text.substr(0, colon));
    rest = text.substr(colon);
  }
  const bool port_fits = rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  if (!host || !port_fits) return std::nullopt;
  return Authority{*host, rest.empty() ? rest : rest.substr(1)};
}

}  // namespace

std::optional<std::string> normal_host(std::string_view text) {
  if (auto bare = normal_ipv6(text)) return bare;
  auto authority = read_authority(text);
  if (!authority) return std::nullopt;
  return std::move(authority->host);
}

std::optional<std::string> normal_origin(std::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos || !is_scheme(text.substr(0, mark))) return std::nullopt;
  const auto authority = read_authority(text.substr(mark + 3));
  if (!authority) return std::nullopt;
  const std::string scheme = mcp::ascii_lower(text.substr(0, mark));
  const bool v6 = authority->host.find(':') != std::string::npos;
  std::string origin = scheme + "://" + (v6 ? "[" + authority->host + "]" : authority->host);
  const bool usual = (scheme == "http" && authority->port == "80") || (scheme == "https" && authority->port == "443");
  if (!authority->port.empty() && !usual) origin.append(":").append(authority->port);
  return origin;
}

}  // namespace gateway
