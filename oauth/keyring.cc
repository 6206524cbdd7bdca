#include "oauth/keyring.h"

#include <sys/stat.h>

#include <array>
#include <openssl/crypto.h>
#include <utility>
#include <vector>

#include "mcp/process/run_command.h"

namespace oauth {

using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;

namespace {

constexpr std::size_t kMostComplaint = 300;
constexpr std::size_t kMostOutput = 8192;  // bytes
constexpr std::string_view kInstead = "or keep the key in a file";

/// What D-Bus, and what asks for a password, go by.
constexpr std::array<std::string_view, 12> kHandedOn = {"DBUS_SESSION_BUS_ADDRESS",
                                                        "XDG_RUNTIME_DIR",
                                                        "HOME",
                                                        "USER",
                                                        "LOGNAME",
                                                        "PATH",
                                                        "LANG",
                                                        "LC_ALL",
                                                        "DISPLAY",
                                                        "WAYLAND_DISPLAY",
                                                        "XAUTHORITY",
                                                        "XDG_DATA_DIRS"};

std::string one_line(std::string_view text) {
  std::string line;
  for (const char letter : text.substr(0, kMostComplaint))
    line += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  while (line.ends_with(' '))
    line.pop_back();
  return line;
}

std::unexpected<mcp::Error> refused(std::string_view what, std::string_view why) {
  std::string message = "the keyring " + std::string(what);
  if (!why.empty()) message.append(": ").append(why);
  return fail(
      ErrorCode::io_error, message, "See that the keyring of this session runs and is unlocked, " + std::string(kInstead) + ".");
}

}  // namespace

Keyring::Keyring(KeyringOptions options) : options_(std::move(options)) {}

std::optional<std::string> Keyring::variable(std::string_view name) const {
  auto value = options_.variable ? options_.variable(name) : std::nullopt;
  if (value && (value->empty() || value->contains('\0'))) value.reset();
  return value;
}

/// Without one the program would try to start one, which nobody else has.
Result<> Keyring::check_bus() const {
  if (variable("DBUS_SESSION_BUS_ADDRESS")) return {};
  const auto runtime = variable("XDG_RUNTIME_DIR");
  struct stat status{};
  if (runtime && ::stat((*runtime + "/bus").c_str(), &status) == 0) return {};
  return fail(
      ErrorCode::io_error,
      "the keyring cannot be reached: there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set, and XDG_RUNTIME_DIR has none)",
      "Run this within the user's session, " + std::string(kInstead) + ".");
}

Result<Keyring::Said> Keyring::ask(std::string_view verb, const std::string& key_id, std::string input) const {
  if (auto bus = check_bus(); !bus) return std::unexpected(std::move(bus).error());
  mcp::Command command;
  command.program = options_.program;
  command.args.emplace_back(verb);
  if (verb == "store") command.args.emplace_back("--label=Switchyard: key of the stored logins");
  command.args.insert(command.args.end(), {"application", "switchyard", "key-id", key_id});
  command.input = std::move(input);
  command.patience = options_.patience;
  command.most_output = kMostOutput;
  for (const std::string_view name : kHandedOn) {
    if (const auto value = variable(name)) command.env.push_back(std::string(name) + "=" + *value);
  }
  auto output = mcp::run_command(command);
  OPENSSL_cleanse(command.input.data(), command.input.size());
  if (!output && output.error().code == ErrorCode::timeout)
    return refused("did not answer within " + std::to_string(options_.patience.count() / 1000) + " s", "");
  if (!output) {
    return fail(ErrorCode::io_error,
                "the keyring cannot be asked: " + output.error().message,
                "Install " + options_.program + " (Debian: apt install libsecret-tools), " + std::string(kInstead) + ".");
  }
  if (!output->exit.code) return refused("was not asked", options_.program + " ended with " + output->exit.text());
  return Said{*output->exit.code, std::move(output->out), one_line(output->err)};
}

Result<std::optional<SealingKey>> Keyring::find(const std::string& key_id) const {
  auto said = ask("lookup", key_id, "");
  if (!said) return std::unexpected(std::move(said).error());
  // It has no other sign for what it does not know than to fail without a word.
  if (said->code != 0 && said->complaint.empty()) return std::nullopt;
  if (said->code != 0) return refused("gives no key", said->complaint);
  while (said->out.ends_with('\n'))
    said->out.pop_back();
  auto key = SealingKey::from_hex(said->out);
  OPENSSL_cleanse(said->out.data(), said->out.size());
  if (!key || key->id() != key_id) return refused("has another thing under the name of the key", "");
  return key;
}

Result<> Keyring::store(const SealingKey& key) const {
  auto said = ask("store", key.id(), key.hex());
  if (!said) return std::unexpected(std::move(said).error());
  if (said->code != 0) return refused("does not take the key", said->complaint.contains(key.hex()) ? "" : said->complaint);
  const auto kept = find(key.id());
  if (!kept) return std::unexpected(kept.error());
  if (!*kept) return refused("took the key, and does not have it", "");
  return {};
}

Result<> Keyring::remove(const std::string& key_id) const {
  const auto said = ask("clear", key_id, "");
  if (!said) return std::unexpected(said.error());
  if (said->code != 0 && !said->complaint.empty()) return refused("does not give up the key", said->complaint);
  return {};
}

}  // namespace oauth
