#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "gateway/config/config_file.h"

namespace gateway {
namespace {

constexpr auto kInherited = std::to_array<std::string_view>({
    // Who, where, in which language.
    "HOME",
    "LOGNAME",
    "PATH",
    "SHELL",
    "USER",
    "LANG",
    "LC_ALL",
    "LC_ADDRESS",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_IDENTIFICATION",
    "LC_MEASUREMENT",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NAME",
    "LC_NUMERIC",
    "LC_PAPER",
    "LC_TELEPHONE",
    "LC_TIME",
    "TERM",
    "TMPDIR",
    "TZ",
    // The way out of the local network.
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
    // Whom to trust: OpenSSL, Node, Python, curl, git, AWS, pip, Deno, Nix.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "NODE_USE_SYSTEM_CA",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
    "PIP_CERT",
    "DENO_CERT",
    "NIX_SSL_CERT_FILE",
    // Our own: see gateway/host/self_reference.h.
    "SWITCHYARD_WITHIN",
});

}  // namespace

std::vector<std::string> child_environment(const StdioSpec& spec, const Environment& environment) {
  std::vector<std::string> out;
  const auto named = [&](std::string_view name) {
    return std::ranges::any_of(spec.env, [&](const auto& variable) { return variable.first == name; });
  };
  for (const std::string_view name : kInherited) {
    if (named(name)) continue;
    if (const auto value = environment(name)) out.push_back(std::string(name) + "=" + *value);
  }
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& [name, value] : spec.env) {
    const auto [place, fresh] = places.emplace(name, out.size());
    if (fresh) out.emplace_back();
    std::string& line = out[place->second];
    line = name;
    line.append("=").append(value);
  }
  return out;
}

}  // namespace gateway
