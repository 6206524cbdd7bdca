#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <string_view>
#include <utility>

#include "gateway/config/text_file.h"
#include "gateway/doctor/check_program.h"
#include "mcp/json/text.h"
#include "mcp/process/unique_fd.h"

namespace gateway {

namespace {

constexpr std::string_view kUsualSocket = "/var/run/docker.sock";
constexpr std::size_t kMaxSettings = std::size_t{1} << 20;

/// errno of connecting to a socket of this machine; 0 where somebody answers there.
int try_socket(const std::string& path) {
  if (path.size() >= sizeof sockaddr_un().sun_path) return ENAMETOOLONG;
  const boost::asio::local::stream_protocol::endpoint endpoint(path);
  const mcp::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return errno;
  // A queue that is full is one that somebody keeps.
  const bool there = ::connect(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 || errno == EAGAIN;
  return there ? 0 : errno;
}

/// Whether "docker context use" chose another daemon than the usual one.
bool has_context(const Environment& environment) {
  const auto settings = read_text_file(environment("HOME").value_or("") + "/.docker/config.json", kMaxSettings);
  if (!settings || !mcp::validate_json(*settings)) return false;
  const std::string context = mcp::string_member(*settings, "currentContext");
  return !context.empty() && context != "default";
}

}  // namespace

Checks check_docker(const ServerSpec& server, const Environment& environment) {
  CheckList list(CheckGroup::servers);
  const auto& stdio = std::get<StdioSpec>(server.transport);
  if (program_name(stdio.command) != "docker") return list.take();
  const auto own = std::ranges::find(stdio.env, "DOCKER_HOST", &std::pair<std::string, std::string>::first);
  if (own == stdio.env.end() && !environment("DOCKER_HOST").value_or("").empty()) {
    list.warning(server.name.str(),
                 "DOCKER_HOST is set for the gateway, but not for the server: programs get few of its variables",
                 "Add \"DOCKER_HOST\": \"${DOCKER_HOST}\" to its \"env\".");
  }
  static constexpr std::string_view kUnix = "unix://";
  std::string socket(kUsualSocket);
  if (own != stdio.env.end()) {
    if (!own->second.starts_with(kUnix)) return list.take();
    socket = own->second.substr(kUnix.size());
  } else if (has_context(environment)) {
    return list.take();
  }
  const int reason = try_socket(socket);
  if (reason == EACCES || reason == EPERM) {
    list.error(server.name.str(),
               "docker's daemon does not let this user in (" + socket + ")",
               "Add the user to the group \"docker\", and log in again; or use rootless docker.");
  } else if (reason != 0) {
    list.error(server.name.str(),
               "docker's daemon does not answer at " + socket,
               "Start it (systemctl start docker), or set DOCKER_HOST in the server's \"env\".");
  }
  return list.take();
}

}  // namespace gateway
