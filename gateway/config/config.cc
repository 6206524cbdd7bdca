#include "gateway/config/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <set>

namespace gateway {
namespace {

std::unexpected<mcp::Error> refused(const std::string& why) {
  return mcp::fail(mcp::ErrorCode::config_invalid, "expected HOST:PORT, [IPV6]:PORT or :PORT" + why);
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

/// A name or an IPv4 address.
bool is_host(std::string_view host) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
  };
  return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' && std::ranges::all_of(host, fits);
}

}  // namespace

std::string ListenAddress::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

mcp::Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (is_digits(text)) return refused("; a port alone is written with a colon before it");
  if (colon == std::string_view::npos || text.ends_with(']')) return refused("; the port is missing");
  const std::string_view port = text.substr(colon + 1);
  if (!is_digits(port) || port.size() > 5 || std::stoi(std::string(port)) > 65535)
    return refused("; the port is a number up to 65535");
  ListenAddress address{std::string(text.substr(0, colon)), static_cast<std::uint16_t>(std::stoi(std::string(port)))};
  std::string& host = address.host;
  if (host.empty()) {
    host = "127.0.0.1";
  } else if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_ipv6(host)) return refused("; there is no IPv6 address in the brackets");
  } else if (host == "*") {
    return refused("; all addresses are written 0.0.0.0 or [::]");
  } else if (host.find(':') != std::string::npos) {
    return refused("; an IPv6 address stands in brackets");
  } else if (!is_host(host)) {
    return refused("; the host is a name or an address");
  }
  return address;
}

std::string_view to_string(Isolation isolation) {
  switch (isolation) {
    case Isolation::shared:
      return "shared";
    case Isolation::per_user:
      return "per_user";
    case Isolation::per_session:
      break;
  }
  return "per_session";
}

std::string Diagnostic::text(const std::string& file) const {
  const std::string place = file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
  return place + (path.empty() ? "" : path + ": ") + message;
}

mcp::Result<> Config::check_profile(std::string_view name) const {
  std::set<std::string_view> known;
  for (const ProfileSpec& profile : profiles)
    known.insert(profile.name);
  if (known.contains(name)) return {};
  std::string names;
  for (const std::string_view one : known)
    names.append(names.empty() ? "" : ", ").append(one);
  return mcp::fail(mcp::ErrorCode::config_invalid,
                   "there is no profile \"" + std::string(name) + "\"",
                   names.empty() ? "The configuration names none." : "There are: " + names + ".");
}

}  // namespace gateway
