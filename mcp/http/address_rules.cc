#include "mcp/http/address_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "mcp/base/ascii.h"

namespace mcp {

namespace ip = boost::asio::ip;
namespace {

struct Net4 {
  std::uint32_t net;
  int bits;
};

constexpr std::uint32_t four(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

/// The IANA IPv4 special-purpose address registry, but for what it calls globally reachable.
constexpr std::array kSpecial4 = {
    Net4{four(0, 0, 0, 0), 8},         // this network: connects to this machine
    Net4{four(10, 0, 0, 0), 8},        // private
    Net4{four(100, 64, 0, 0), 10},     // shared by a provider's customers
    Net4{four(127, 0, 0, 0), 8},       // loopback
    Net4{four(168, 63, 129, 16), 32},  // a cloud's own services, under an address that looks public
    Net4{four(169, 254, 0, 0), 16},    // link-local, cloud metadata
    Net4{four(172, 16, 0, 0), 12},     // private
    Net4{four(192, 0, 0, 0), 24},      // protocol assignments
    Net4{four(192, 0, 2, 0), 24},      // documentation
    Net4{four(192, 88, 99, 0), 24},    // relays of 6to4
    Net4{four(192, 168, 0, 0), 16},    // private
    Net4{four(198, 18, 0, 0), 15},     // benchmarks
    Net4{four(198, 51, 100, 0), 24},   // documentation
    Net4{four(203, 0, 113, 0), 24},    // documentation
    Net4{four(224, 0, 0, 0), 4},       // multicast
    Net4{four(240, 0, 0, 0), 4},       // reserved, broadcast
};

using Bytes6 = ip::address_v6::bytes_type;

struct Net6 {
  Bytes6 net;
  std::size_t bits;
};

constexpr Net6 kGlobal6 = {{0x20}, 3};
constexpr Net6 kNat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr Net6 k6to4 = {{0x20, 0x02}, 16};

/// What is special within 2000::/3.
constexpr std::array kSpecial6 = {
    Net6{{0x20, 0x01, 0x00}, 23},        // protocol assignments: Teredo, benchmarks, ORCHID
    Net6{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    Net6{{0x3f, 0xff, 0x00}, 20},        // documentation
};

bool within(const Bytes6& address, const Net6& net) {
  for (std::size_t i = 0; i * 8 < net.bits; ++i) {
    const auto rest = std::min<std::size_t>(net.bits - i * 8, 8);
    const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
    if ((address[i] & mask) != (net.net[i] & mask)) return false;
  }
  return true;
}

bool is_public4(const ip::address_v4& address) {
  const std::uint32_t number = address.to_uint();
  return std::ranges::none_of(kSpecial4, [number](const Net4& net) { return (number ^ net.net) >> (32 - net.bits) == 0; });
}

ip::address_v4 embedded(const Bytes6& bytes, std::size_t at) {
  return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

bool is_public6(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  if (address.is_v4_mapped() || within(bytes, kNat64)) return is_public4(embedded(bytes, 12));
  if (within(bytes, k6to4)) return is_public4(embedded(bytes, 2));
  return within(bytes, kGlobal6) && std::ranges::none_of(kSpecial6, [&](const Net6& net) { return within(bytes, net); });
}

/// Some look "127.1", "0x7f.1" and "2130706433" up as addresses.
bool looks_like_number(std::string_view label) {
  return label.starts_with("0x") || std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_public_address(const ip::address& address) {
  return address.is_v4() ? is_public4(address.to_v4()) : is_public6(address.to_v6());
}

bool name_may_be_public(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto literal = ip::make_address(host, error);
  if (!error) return is_public_address(literal);
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string name = ascii_lower(host);
  const auto dot = name.rfind('.');
  if (dot == std::string::npos || looks_like_number(std::string_view(name).substr(dot + 1))) return false;
  constexpr std::array<std::string_view, 4> kPrivate = {".localhost", ".local", ".internal", ".home.arpa"};
  return std::ranges::none_of(kPrivate, [&name](std::string_view end) { return name.ends_with(end); });
}

ip::address unmapped(const ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

}  // namespace mcp
