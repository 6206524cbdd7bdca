#include "gateway/host/login_desk.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/host/login_session.h"
#include "mcp/base/clock.h"
#include "mcp/base/log.h"
#include "mcp/base/random.h"
#include "mcp/http/timed_cancellation.h"
#include "oauth/logins.h"
#include "oauth/single_flight.h"

namespace gateway {

using mcp::Error;
using mcp::ErrorCode;
using mcp::fail;
using mcp::Result;
using mcp::Task;
using State = LoginProgress::State;

namespace {

constexpr std::size_t kMostUnderWay = 32;
constexpr auto kFirstWait = std::chrono::seconds(20);  // for an address that a person can go to
constexpr auto kPatience = std::chrono::minutes(5);
constexpr auto kLogoutWait = std::chrono::seconds(30);  // for whoever renews the login; with the revocation less than callers wait
constexpr auto kRemembered = std::chrono::minutes(10);
constexpr std::size_t kMostRemembered = 100;
constexpr auto kNotAgain = std::chrono::seconds(30);  // for calls, after a login that could not even begin

}  // namespace

struct LoginDesk::Entry {
  Entry(const mcp::Executor& executor, ServerSpec server) : spec(std::move(server)), can_go_on(executor), under_way(executor) {
    under_way.begin();
  }

  bool is_over() const { return progress.state == State::done || progress.state == State::failed; }

  ServerSpec spec;
  bool device = false;
  bool shown = false;               // there was an address that a person could go to
  std::vector<std::string> wanted;  // scopes that the login is to have besides those of the one before
  LoginProgress progress;
  std::unique_ptr<LoginSession> session;
  mcp::Cancellation cancellation;
  mcp::Event can_go_on;  // there is an address, or it is over
  oauth::SingleFlight under_way;
  mcp::Clock::time_point ended;
};

LoginDesk::LoginDesk(mcp::Executor executor, std::shared_ptr<ServerLogins> logins)
    : executor_(std::move(executor)), logins_(std::move(logins)) {}

LoginDesk::~LoginDesk() = default;

Task<Result<LoginProgress>> LoginDesk::start(ServerSpec spec, Wish wish) {
  forget_old();
  const std::string account = wish.account.value_or(login_settings(spec).account);
  const auto known = logins_->logins()->status(login_settings(spec).server_url, account);
  const std::vector<std::string> wanted = known ? known->wanted : std::vector<std::string>();
  const auto same = std::ranges::find_if(entries_, [&](const std::shared_ptr<Entry>& entry) {
    const bool same_login = entry->spec == spec && entry->device == wish.device && entry->progress.account == account;
    return !entry->is_over() && same_login && entry->wanted == wanted;
  });
  std::shared_ptr<Entry> entry;
  if (same != entries_.end()) {
    entry = *same;
  } else {
    const auto open = std::ranges::count_if(entries_, [](const auto& each) { return !each->is_over(); });
    if (stopped_) co_return fail(ErrorCode::shutting_down, "the gateway is ending");
    if (static_cast<std::size_t>(open) >= kMostUnderWay)
      co_return fail(ErrorCode::overloaded, "as many logins are under way as there may be", "End some, or wait five minutes.");
    entry = std::make_shared<Entry>(executor_, std::move(spec));
    entry->device = wish.device;
    entry->wanted = wanted;
    entry->progress.id = mcp::random_hex(16);
    entry->progress.server = entry->spec.name.str();
    entry->progress.account = account;
    entry->progress.expires = std::chrono::system_clock::now() + kPatience;
    const std::weak_ptr<Entry> weak = entry;
    LoginSessionOptions options{.device = wish.device, .person_is_here = false, .account = wish.account};
    options.on_url = [weak](const std::string& url) {
      const auto self = weak.lock();
      if (!self) return;
      self->progress.url = url;
      self->shown = true;
      self->progress.state = State::waiting;
      self->can_go_on.set();
    };
    options.on_code = [weak](const oauth::DevicePrompt& prompt) {
      const auto self = weak.lock();
      if (!self) return;
      self->progress.verification_uri = prompt.verification_uri;
      self->progress.verification_uri_complete = prompt.verification_uri_complete;
      self->progress.user_code = prompt.user_code;
      self->progress.expires = std::chrono::system_clock::now() + prompt.lifetime;
      self->progress.state = State::waiting;
      self->can_go_on.set();
    };
    entry->session = std::make_unique<LoginSession>(executor_, logins_, entry->spec, std::move(options));
    entries_.push_back(entry);
    boost::asio::co_spawn(executor_, run(entry), boost::asio::detached);
  }
  co_await entry->can_go_on.wait_until(mcp::Clock::now() + kFirstWait);
  co_return entry->progress;
}

Task<void> LoginDesk::run(std::shared_ptr<Entry> entry) {
  auto outcome = co_await entry->session->run(entry->cancellation);
  LoginProgress& progress = entry->progress;
  progress.state = outcome ? State::done : State::failed;
  progress.url.clear();
  if (outcome) {
    progress.wanted = outcome->wanted;
    progress.subject = outcome->subject;
    progress.issuer = outcome->issuer;
    progress.scopes = outcome->scopes;
    mcp::log_info("oauth", "logged in", {{"server", progress.server}, {"issuer", progress.issuer}, {"account", progress.account}});
  } else {
    progress.error = std::move(outcome).error();
    mcp::log_warn("oauth", "a login failed", {{"server", progress.server}, {"cause", progress.error->text()}});
  }
  entry->ended = mcp::Clock::now();
  entry->session.reset();
  entry->can_go_on.set();
  entry->under_way.end();
}

std::shared_ptr<LoginDesk::Entry> LoginDesk::find(const std::string& id) {
  forget_old();
  const auto found = std::ranges::find_if(entries_, [&](const auto& entry) { return entry->progress.id == id; });
  return found == entries_.end() ? nullptr : *found;
}

void LoginDesk::forget_old() {
  const auto now = mcp::Clock::now();
  std::erase_if(entries_, [now](const auto& entry) { return entry->is_over() && now - entry->ended > kRemembered; });
  // The oldest stand first.
  for (auto at = entries_.begin(); entries_.size() > kMostRemembered && at != entries_.end();)
    at = (*at)->is_over() ? entries_.erase(at) : std::next(at);
}

Task<Result<LoginProgress>> LoginDesk::answer(LoginQuestion question) {
  const auto entry = find(question.id);
  if (!entry) co_return fail(ErrorCode::config_invalid, "there is no login of that id", "Start one for its server.");
  if (question.action == LoginQuestion::Action::cancel) {
    entry->cancellation.request({ErrorCode::cancelled, "the login was given up"});
    mcp::Cancellation never;
    co_await entry->under_way.wait(never);
  }
  if (question.action == LoginQuestion::Action::paste) {
    const Result<> over = fail(ErrorCode::invalid_request, "this login is over", "Start another one.");
    const auto taken = entry->session ? entry->session->paste(question.response) : over;
    if (!taken) co_return std::unexpected(taken.error());
    mcp::TimedCancellation patience(executor_, nullptr, mcp::Clock::now() + kFirstWait, {ErrorCode::timeout, "it takes longer"});
    co_await entry->under_way.wait(patience.get());
  }
  co_return entry->progress;
}

Task<Result<LogoutReport>> LoginDesk::log_out(ServerSpec spec, std::string account) {
  const std::string server = spec.name.str();
  std::optional<std::string> named;
  if (!account.empty()) named = std::move(account);
  mcp::TimedCancellation patience(executor_,
                                  nullptr,
                                  mcp::Clock::now() + kLogoutWait,
                                  {ErrorCode::timeout, "the login is being renewed just now", "Try again in a moment."});
  auto outcome = co_await gateway::log_out(logins_, std::move(spec), std::move(named), patience.get());
  if (!outcome) co_return std::unexpected(std::move(outcome).error());
  co_return LogoutReport{.server = server,
                         .account = outcome->account,
                         .issuer = outcome->issuer,
                         .was_logged_in = outcome->was_logged_in,
                         .revoked = outcome->revoked,
                         .revocation = outcome->revocation};
}

Task<void> LoginDesk::read() {
  co_await logins_->read();
}

oauth::CallbackPage LoginDesk::come_back(std::string_view path, std::string_view query) {
  for (const auto& entry : entries_) {
    // The address of one that ends on its own machine's loopback is in hands that are not to choose whose login it becomes.
    if (!comes_back_to(entry->spec, path)) continue;
    auto page = entry->session ? entry->session->come_back(query) : std::nullopt;
    if (page) return std::move(*page);
  }
  return {400,
          "No login of this gateway's waits for that",
          "Where a terminal waits for it, paste the address of this page there. Else start the login again."};
}

Task<std::optional<LoginLink>> LoginDesk::link(ServerSpec spec) {
  if (!comes_back_here(spec)) co_return std::nullopt;
  const std::string account = login_settings(spec).account;
  const auto lately = [&](const std::shared_ptr<Entry>& entry) {
    const bool fruitless = entry->is_over() && !entry->shown && !entry->device;
    const bool same_login = entry->spec == spec && entry->progress.account == account;
    return fruitless && same_login && mcp::Clock::now() < entry->ended + kNotAgain;
  };
  if (std::ranges::any_of(entries_, lately)) co_return std::nullopt;
  Wish wish;
  auto begun = co_await start(std::move(spec), std::move(wish));
  if (!begun || begun->url.empty()) co_return std::nullopt;
  const auto entry = find(begun->id);
  if (!entry) co_return std::nullopt;
  LoginLink link{.id = begun->id, .url = begun->url};
  link.over = [entry](mcp::Cancellation& cancellation) { return entry->under_way.wait(cancellation); };
  co_return link;
}

void LoginDesk::stop() {
  stopped_ = true;
  for (const auto& entry : entries_)
    entry->cancellation.request({ErrorCode::shutting_down, "the gateway is ending"});
}

}  // namespace gateway
