#include "gateway/host/doorkeeper.h"

#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "gateway/config/listener_access.h"
#include "gateway/config/shell_word.h"
#include "mcp/base/log.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kDay = std::chrono::hours(24);
constexpr auto kSoon = 14 * kDay;

Task<Result<LoadedAccess>> load_on_helper(AccessSpec access, Environment environment, std::string local_token) {
  co_return load_access(access, environment, local_token);
}

std::string days_text(std::chrono::system_clock::duration span) {
  const auto days = span / kDay;
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// It has ended or ends soon, others may read the key.
std::vector<AccessWarning> tls_warnings(const TlsFiles& files, const mcp::TlsServerContext& tls) {
  constexpr const char* kRenew = "Renew it; new connections get the new one as soon as the files are there.";
  std::vector<AccessWarning> warnings;
  const auto left = tls.not_after() - std::chrono::system_clock::now();
  if (left <= std::chrono::seconds(0)) {
    warnings.push_back(
        {"the TLS certificate " + files.certificate + " has expired, " + days_text(-left) + " ago: clients will not take it",
         kRenew});
  } else if (left < kSoon) {
    warnings.push_back({"the TLS certificate " + files.certificate + " expires in " + days_text(left), kRenew});
  }
  struct stat info = {};
  if (::stat(files.key.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0) {
    warnings.push_back({"the TLS key " + files.key + " may be read by every user of this machine",
                        "Close it: chmod o-r " + shell_word(files.key) + "."});
  }
  return warnings;
}

void log_warnings(const std::vector<AccessWarning>& warnings) {
  for (const AccessWarning& warning : warnings)
    mcp::log_warn("access", warning.message);
}

}  // namespace

Result<LoadedAccess> load_access(const AccessSpec& access, const Environment& environment, const std::string& local_token) {
  auto tokens = read_tokens(access, environment);
  if (!tokens) return std::unexpected(std::move(tokens).error());
  LoadedAccess loaded{.table = AccessTable(*tokens, local_token)};
  if (!access.tls) return loaded;
  if (!access.tls->missing.empty()) {
    return mcp::fail(mcp::ErrorCode::variable_missing,
                     "the TLS files of \"access\" cannot be had: the variable " + access.tls->missing + " is not set",
                     "Set it where the gateway runs.");
  }
  auto tls = mcp::TlsServerContext::make(access.tls->certificate, access.tls->key);
  if (!tls) return std::unexpected(std::move(tls).error());
  loaded.tls = std::move(*tls);
  loaded.warnings = tls_warnings(*access.tls, *loaded.tls);
  return loaded;
}

Doorkeeper::Doorkeeper(asio::thread_pool& helpers, Environment environment, std::string local_token)
    : helpers_(helpers), environment_(std::move(environment)), local_token_(std::move(local_token)) {}

Task<Result<LoadedAccess>> Doorkeeper::load(AccessSpec access) {
  auto loading = load_on_helper(std::move(access), environment_, local_token_);
  co_return co_await asio::co_spawn(helpers_, std::move(loading), asio::use_awaitable);
}

Task<Result<>> Doorkeeper::start(AccessSpec access) {
  opened_ = access;
  auto loaded = co_await load(std::move(access));
  if (!loaded) co_return std::unexpected(std::move(loaded).error());
  loaded_ = std::move(*loaded);
  log_warnings(loaded_.warnings);
  co_return Result<>();
}

void Doorkeeper::furnish(HttpEndpointOptions& options) const {
  options.access = loaded_.table;
  options.tls = loaded_.tls;
  options.behind_proxy = opened_.behind_proxy;
}

Task<Result<>> Doorkeeper::check(AccessSpec access, ListenAddress address) {
  AccessSpec effective = opened_;
  effective.tokens = access.tokens;
  if (auto allowed = check_listener(address, effective); !allowed) co_return allowed;
  auto loaded = co_await load(std::move(access));
  if (!loaded) co_return std::unexpected(std::move(loaded).error());
  co_return Result<>();
}

Task<Result<>> Doorkeeper::prepare(AccessSpec access, ListenAddress address) {
  AccessSpec effective = opened_;
  effective.tokens = access.tokens;
  if (auto allowed = check_listener(address, effective); !allowed) co_return allowed;
  auto loaded = co_await load(std::move(access));
  if (!loaded) co_return std::unexpected(std::move(loaded).error());
  const std::string before = loaded_.tls ? loaded_.tls->fingerprint() : "";
  // What it speaks stays as it was opened.
  if (!loaded_.tls || !loaded->tls) loaded->tls = loaded_.tls;
  const bool renewed = loaded->tls && loaded->tls->fingerprint() != before;
  const bool others = loaded->table.credentials() != loaded_.table.credentials();
  loaded_ = std::move(*loaded);
  if (renewed) {
    mcp::log_info("access", "new connections get another TLS certificate", {{"sha256", loaded_.tls->fingerprint()}});
    log_warnings(loaded_.warnings);
  }
  if (others) mcp::log_info("access", "other access tokens are in force", {{"names", joined(loaded_.table.names())}});
  co_return Result<>();
}

void Doorkeeper::apply(HttpEndpoint& endpoint) {
  endpoint.set_tls(loaded_.tls);
  endpoint.admit(loaded_.table);
}

}  // namespace gateway
