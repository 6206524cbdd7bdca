#include "gateway/upstream/sandbox_secrets.h"

#include <array>

namespace gateway {

namespace {

using std::string_view_literals::operator""sv;

/// In the home folder: keys, tokens, passwords, histories, browsers' profiles, other agents' settings.
constexpr auto kSecrets = std::to_array<std::string_view>({
    // Keys and tokens of tools.
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".oci",
    ".databrickscfg",
    ".fly",
    ".vault-token",
    ".terraform.d",
    ".terraformrc",
    ".age",
    ".netrc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".s3cfg",
    ".boto",
    ".config/gcloud",
    ".config/gh",
    ".config/glab-cli",
    ".config/hub",
    ".config/git/credentials",
    ".config/rclone",
    ".config/doctl",
    ".config/heroku",
    ".config/sops",
    ".config/containers/auth.json",
    ".config/op",
    ".config/netlify",
    ".config/configstore",
    ".config/stripe",
    ".config/hcloud",
    ".config/github-copilot",
    ".cache/huggingface",
    ".local/share/com.vercel.cli",
    // Registries.
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pypirc",
    ".config/pip",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".m2/settings.xml",
    ".gradle/gradle.properties",
    ".composer/auth.json",
    ".config/composer/auth.json",
    ".nuget/NuGet/NuGet.Config",
    // Password stores.
    ".password-store",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".config/keepassxc",
    ".config/Bitwarden",
    ".config/1Password",
    ".pki",
    // Browsers and mail.
    ".mozilla",
    ".config/mozilla",
    ".librewolf",
    ".thunderbird",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/microsoft-edge",
    ".config/vivaldi",
    ".config/opera",
    "snap",
    ".var/app",
    // What was typed.
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".node_repl_history",
    ".psql_history",
    ".mysql_history",
    ".lesshst",
    ".local/share/fish",
    // Other agents and MCP clients, ours among them.
    ".claude",
    ".claude.json",
    ".codex",
    ".gemini",
    ".cursor",
    ".mcp-auth",
    ".config/Claude",
    ".config/Code",
    ".config/Cursor",
    ".config/zed",
    ".codeium",
    ".local/share/opencode",
    ".config/switchyard",
    ".local/state/switchyard",
    // Ways into the session and out of the sandbox: cookies of displays, units that are started, sockets of machines and
    // containers.
    ".ICEauthority",
    ".Xauthority",
    ".config/systemd",
    ".rd",
    ".lima",
    ".colima",
});

/// Sockets through which whoever is of their group becomes root.
constexpr std::array kServices = {"/var/lib/lxd"sv, "/var/lib/incus"sv, "/var/snap/lxd/common/lxd"sv};

constexpr std::array kRoots = {
    "/etc/shadow"sv, "/etc/shadow-"sv, "/etc/gshadow"sv, "/etc/gshadow-"sv, "/etc/sudoers"sv, "/etc/ssl/private"sv};

}  // namespace

std::span<const std::string_view> home_secrets() {
  return kSecrets;
}

std::span<const std::string_view> system_secrets(bool root) {
  return root ? std::span<const std::string_view>(kRoots) : std::span<const std::string_view>(kServices);
}

}  // namespace gateway
