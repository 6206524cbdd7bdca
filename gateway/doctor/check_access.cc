#include "gateway/doctor/check_access.h"

#include <sys/stat.h>

#include <string>
#include <utility>

#include "gateway/config/listener_access.h"
#include "gateway/config/shell_word.h"
#include "gateway/doctor/check_state.h"
#include "gateway/host/doorkeeper.h"

namespace gateway {

namespace {

constexpr unsigned kOthersRead = 0044;
constexpr const char* kSubject = "access";

void check_files(const AccessSpec& access, CheckList& list) {
  for (const AccessToken& token : access.tokens) {
    struct stat info = {};
    if (token.file.empty() || ::stat(token.file.c_str(), &info) != 0 || (info.st_mode & kOthersRead) == 0) continue;
    list.warning("permissions",
                 token.file + " holds the access token \"" + token.name + "\" and may be read by other users (" +
                     mode_text(info.st_mode) + ")",
                 "Close it: chmod 600 " + shell_word(token.file) + ".");
  }
}

void check_tokens(const std::vector<TokenValue>& tokens, CheckList& list) {
  std::string names;
  for (const TokenValue& token : tokens) {
    names += (names.empty() ? "" : ", ") + token.name;
    const std::string weakness = weakness_of(token.value);
    if (weakness.empty()) continue;
    list.warning(kSubject,
                 "the access token \"" + token.name + "\" is easily guessed: " + weakness,
                 "Take another; make one with: openssl rand -base64 32.");
  }
  if (!tokens.empty()) list.ok(kSubject, "clients need a token: " + names);
}

void check_tls(const AccessSpec& access, const Environment& environment, CheckList& list) {
  if (!access.tls) return;
  AccessSpec tls;
  tls.tls = access.tls;
  auto loaded = load_access(tls, environment, "");
  if (!loaded) return list.error(kSubject, std::move(loaded).error());
  for (AccessWarning& warning : loaded->warnings)
    list.warning(kSubject, std::move(warning.message), std::move(warning.remedy));
  if (loaded->warnings.empty()) list.ok(kSubject, "TLS with the certificate " + access.tls->certificate);
}

}  // namespace

Checks check_access(const Config& config, const Environment& environment) {
  CheckList list(CheckGroup::configuration);
  if (auto tokens = read_tokens(config.access, environment)) {
    check_tokens(*tokens, list);
  } else {
    list.error(kSubject, std::move(tokens).error());
  }
  check_files(config.access, list);
  check_tls(config.access, environment, list);
  return list.take();
}

}  // namespace gateway
