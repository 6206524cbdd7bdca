#pragma once

#include <boost/asio/ip/address.hpp>
#include <string_view>

namespace mcp {

/// Whether the address is one of the whole internet's: no loopback, private, shared (100.64.0.0/10), link-local (cloud metadata
/// among it), multicast, broadcast, documentation, benchmark or other special net of the registries of IANA (RFC 6890). An IPv6
/// address that leads to an IPv4 one (mapped, NAT64, 6to4) is what that one is; any other outside 2000::/3 is none.
bool is_public_address(const boost::asio::ip::address& address);

/// The same, as far as it can be told from the name of a host alone, where somebody else looks it up (a proxy). Names that lead to
/// a private address look like any other: those are not found out. False for address literals that are not public, in whatever
/// spelling, for names without a dot, and for those that end in .localhost, .local, .internal or .home.arpa.
bool name_may_be_public(std::string_view host);

/// The IPv4 address itself where an IPv6 address is nothing but its mapped form (::ffff:a.b.c.d), else the address.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

}  // namespace mcp
