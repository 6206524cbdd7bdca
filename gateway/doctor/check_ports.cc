#include "gateway/doctor/check_ports.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "gateway/config/listener_access.h"
#include "mcp/http/url.h"
#include "mcp/process/proc_files.h"
#include "mcp/process/unique_fd.h"

namespace gateway {

namespace {

namespace fs = std::filesystem;
using boost::asio::ip::tcp;

constexpr std::size_t kMostSockets = std::size_t{8} << 20;  // bytes of /proc/net/tcp

tcp::endpoint endpoint_of(const ListenAddress& address, boost::system::error_code& error) {
  return {boost::asio::ip::make_address(address.host == "localhost" ? "127.0.0.1" : address.host, error), address.port};
}

/// errno of taking the address as the listeners do, without listening; 0 where it is to be had.
int try_address(const ListenAddress& address) {
  boost::system::error_code error;
  const tcp::endpoint endpoint = endpoint_of(address, error);
  if (error) return EADDRNOTAVAIL;
  const mcp::UniqueFd socket(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const bool taken = socket.get() >= 0 && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                     ::bind(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0;
  return taken ? 0 : errno;
}

/// "0100007F:1CA4" of the kernel's tables: words of the machine's byte order, and a port.
std::optional<tcp::endpoint> read_endpoint(std::string_view text) {
  constexpr std::size_t kDigits = 8;  // of a word
  const std::size_t colon = text.find(':');
  if (colon != kDigits && colon != 4 * kDigits) return std::nullopt;
  boost::asio::ip::address_v6::bytes_type bytes{};
  for (std::size_t i = 0; i < colon / kDigits; ++i) {
    std::uint32_t word = 0;
    std::from_chars(text.data() + i * kDigits, text.data() + (i + 1) * kDigits, word, 16);
    std::memcpy(bytes.data() + i * sizeof word, &word, sizeof word);
  }
  std::uint16_t port = 0;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), port, 16);
  if (colon == kDigits) return tcp::endpoint(boost::asio::ip::address_v4({bytes[0], bytes[1], bytes[2], bytes[3]}), port);
  const boost::asio::ip::address_v6 address(bytes);
  if (!address.is_v4_mapped()) return tcp::endpoint(address, port);
  return tcp::endpoint(boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address), port);
}

/// Whether one that listens at `other` keeps `wanted` from being listened at.
bool stands_in_the_way(const tcp::endpoint& other, const tcp::endpoint& wanted) {
  // All addresses of IPv6 are those of IPv4 too, unless the listener said otherwise.
  const auto covers = [](const boost::asio::ip::address& all, const boost::asio::ip::address& one) {
    return all == one || (all.is_unspecified() && (all.is_v6() || one.is_v4()));
  };
  return other.port() == wanted.port() && (covers(other.address(), wanted.address()) || covers(wanted.address(), other.address()));
}

/// The inodes of the sockets that listen there, of one of the kernel's tables.
void add_listeners(const std::string& table, const tcp::endpoint& wanted, std::set<std::string>& sockets) {
  constexpr std::string_view kListening = "0A";
  std::istringstream lines(mcp::read_proc_file(table, kMostSockets));
  std::string line;
  std::getline(lines, line);  // the heads
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::array<std::string, 10> word;
    for (std::string& one : word)
      words >> one;
    const auto local = read_endpoint(word[1]);
    if (word[3] == kListening && local && stands_in_the_way(*local, wanted)) sockets.insert("socket:[" + word[9] + "]");
  }
}

bool holds_one_of(pid_t pid, const std::set<std::string>& sockets) {
  std::error_code error;
  fs::directory_iterator at("/proc/" + std::to_string(pid) + "/fd", error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (sockets.contains(fs::read_symlink(at->path(), gone).string())) return true;
  }
  return false;
}

void check_address(const std::string& key, const ListenAddress& address, CheckList& list) {
  const int reason = address.port == 0 ? 0 : try_address(address);
  if (reason == 0) return list.ok(key, address.text() + (address.port == 0 ? ": any free port" : " is free"));
  if (reason == EADDRINUSE) {
    const std::string who = listener_on(address);
    list.error(key,
               address.text() + " is taken by " + (who.empty() ? "another program" : who),
               "End that program, or write another port: \"" + key + "\": \"" + address.host + ":PORT\".");
  } else {
    list.error(key,
               "cannot listen on " + address.text() + ": " + std::generic_category().message(reason),
               reason == EACCES ? "Use a port above 1023." : "Use 127.0.0.1 or another address of this machine.");
  }
}

}  // namespace

std::string listener_on(const ListenAddress& address) {
  boost::system::error_code error;
  const tcp::endpoint wanted = endpoint_of(address, error);
  if (error) return "";
  std::set<std::string> sockets;
  add_listeners("/proc/net/tcp", wanted, sockets);
  add_listeners("/proc/net/tcp6", wanted, sockets);
  if (sockets.empty()) return "";
  for (const pid_t pid : mcp::all_processes()) {
    if (!holds_one_of(pid, sockets)) continue;
    std::string name = mcp::read_proc_file("/proc/" + std::to_string(pid) + "/comm");
    while (name.ends_with('\n'))
      name.pop_back();
    return name + " (pid " + std::to_string(pid) + ")";
  }
  return "";
}

Checks check_ports(const Config& config) {
  CheckList list(CheckGroup::configuration);
  if (config.listen == config.admin && config.listen.port != 0) {
    list.error("admin",
               "agents and the admin API need an address each, and both have " + config.listen.text(),
               "Change \"listen\" or \"admin\".");
    return list.take();
  }
  if (const auto allowed = check_listener(config.listen, config.access); !allowed) {
    list.error("listen", allowed.error());
  } else {
    check_address("listen", config.listen, list);
  }
  if (mcp::is_loopback_host(config.admin.host)) {
    check_address("admin", config.admin, list);
  } else {
    list.error("admin",
               config.admin.text() + " is beyond this machine; the gateway refuses to be administered from there",
               "Use 127.0.0.1 or ::1.");
  }
  return list.take();
}

}  // namespace gateway
