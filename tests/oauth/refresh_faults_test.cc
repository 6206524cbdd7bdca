// Every fault of an authorization server, of the network and of the store, met at every moment and in every state of the token:
// each has its class (design: one closed set of outcomes), costs no login, and what can mend itself does.

#include <array>
#include <ctime>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "tests/oauth/support/keeper_scene.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using namespace std::chrono_literals;

enum class Where { server, store, process };

struct FaultCase {
  std::string name;
  RefreshOutcome outcome;
  ErrorCode code;          // what callers get once the token is gone
  TokenServer::Fault act;  // of the authorization server
  Where where = Where::server;
  bool rotates = false;  // the authorization server has given tokens away that nobody got
};

TokenServer::Fault answer(int status, std::string body, std::string retry_after = "") {
  HttpAnswer ready = TokenServer::json(status, std::move(body));
  ready.retry_after = std::move(retry_after);
  return [ready](TokenServer&, const HttpRequest&) { return std::optional<mcp::Result<HttpAnswer>>(ready); };
}

TokenServer::Fault network(ErrorCode code) {
  return
      [code](TokenServer&, const HttpRequest&) { return std::optional<mcp::Result<HttpAnswer>>(mcp::fail(code, "the network")); };
}

/// The request is carried out, and the answer lost.
TokenServer::Fault loses_answer(ErrorCode code) {
  return [code](TokenServer& server, const HttpRequest& request) {
    server.grant(request);
    return std::optional<mcp::Result<HttpAnswer>>(mcp::fail(code, "the network"));
  };
}

const std::string kHtml = "<html><body>Bad gateway</body></html>";

std::string http_date(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::vector<FaultCase> faults(WallTime now) {
  constexpr auto kLater = ErrorCode::authorization_unavailable;
  constexpr auto kAgain = ErrorCode::reauthentication_required;
  return {
      {"429 with seconds", RefreshOutcome::transient, kLater, answer(429, "", "40")},
      {"429 with a date", RefreshOutcome::transient, kLater, answer(429, "", http_date(now + 7min))},
      {"500", RefreshOutcome::transient, kLater, answer(500, "")},
      {"502 with HTML", RefreshOutcome::transient, kLater, answer(502, kHtml)},
      {"no head in time", RefreshOutcome::transient, kLater, network(ErrorCode::internal)},
      {"no body in time", RefreshOutcome::transient, kLater, loses_answer(ErrorCode::timeout), Where::server, true},
      {"reset", RefreshOutcome::transient, kLater, network(ErrorCode::connection_lost)},
      {"refused connection", RefreshOutcome::transient, kLater, network(ErrorCode::connect_failed)},
      {"invalid_grant", RefreshOutcome::refresh_dead, kAgain, answer(400, R"({"error":"invalid_grant"})")},
      {"invalid_client", RefreshOutcome::registration_lost, kAgain, answer(401, R"({"error":"invalid_client"})")},
      {"401", RefreshOutcome::provider_error, kLater, answer(401, "")},
      {"403 with HTML", RefreshOutcome::provider_error, kLater, answer(403, kHtml)},
      {"404", RefreshOutcome::provider_error, kLater, answer(404, kHtml)},
      {"invalid_scope", RefreshOutcome::consent, kAgain, answer(400, R"({"error":"invalid_scope"})")},
      {"truncated JSON", RefreshOutcome::provider_error, kLater, answer(200, R"({"access_token":"acc)")},
      {"missing fields", RefreshOutcome::provider_error, kLater, answer(200, R"({"token_type":"Bearer"})")},
      {"disk full", RefreshOutcome::refreshed, kLater, {}, Where::store},
      {"lock held", RefreshOutcome::store_trouble, kLater, {}, Where::store},
      {"unreadable", RefreshOutcome::store_trouble, kLater, {}, Where::store},
      {"crash", RefreshOutcome::refreshed, kLater, {}, Where::process},
  };
}

enum class Moment { startup, proactive, refused, in_stream, during_login };
enum class Token { valid, expired, expires_meanwhile };

struct Situation {
  Moment moment;
  Token token;
};

std::string name_of(const Situation& situation) {
  static const std::map<Moment, std::string> kMoments = {{Moment::startup, "startup"},
                                                         {Moment::proactive, "proactive"},
                                                         {Moment::refused, "refused"},
                                                         {Moment::in_stream, "in_stream"},
                                                         {Moment::during_login, "during_login"}};
  static const std::map<Token, std::string> kTokens = {
      {Token::valid, "valid"}, {Token::expired, "expired"}, {Token::expires_meanwhile, "expires_meanwhile"}};
  return kMoments.at(situation.moment) + "_" + kTokens.at(situation.token);
}

class RefreshFaultsTest : public KeeperScene, public testing::WithParamInterface<Situation> {
 protected:
  /// A login in the state that this case is about, in a process that has just begun.
  std::shared_ptr<TokenKeeper> prepare(const FaultCase& fault) {
    server_->fault = fault.act;
    server_->delay = 20s;
    std::chrono::seconds rest = 10min;
    if (GetParam().token == Token::expired) rest = -1min;
    if (GetParam().token == Token::expires_meanwhile) rest = 10s;
    auto credential = login(rest);
    credential.issued = now() - 1h;
    auto keeper = TokenKeeper::create(dependencies(), credential.key);
    shared_->credentials[credential.key] = credential;
    if (fault.name == "disk full") shared_->full = true;
    if (fault.name == "unreadable") shared_->unreadable = true;
    if (fault.name == "lock held") shared_->locked.insert(credential.key);
    keeper->begin(std::move(credential));
    keepers_.push_back(keeper);
    return keeper;
  }

  void mend() {
    server_->fault = {};
    server_->delay = 0s;
    shared_->full = shared_->unreadable = false;
    shared_->locked.clear();
  }

  /// Makes an attempt happen, and waits for its end.
  void provoke(TokenKeeper& keeper) {
    using Got = std::optional<mcp::Result<TokenKeeper::Header>>;
    mcp::Cancellation cancellation;
    std::optional<mcp::Result<>> refused;
    Got got;
    switch (GetParam().moment) {
      case Moment::startup:
      case Moment::during_login:
        mcp::spawn_task(loop_, keeper.obtain(cancellation), got);
        break;
      case Moment::proactive:
        break;
      case Moment::refused:
      case Moment::in_stream: {
        auto sent = std::make_shared<const std::string>("Bearer access-0");
        mcp::spawn_task(loop_, keeper.rejected(std::move(sent), 1, cancellation), refused);
        break;
      }
    }
    clock_.settle();
    // The stream that met the refusal is torn down; what it began goes on.
    if (GetParam().moment == Moment::in_stream) cancellation.request({ErrorCode::cancelled, "the stream has gone"});
    // Up to five minutes until the token is due, then a request of 20 s, or silence until 45 s, or a lock that is waited for for 30
    // s.
    const auto patience = attempts() ? 360s : 0s;
    for (auto waited = 0s; waited < patience && !keeper.status().outcome; waited += 1s)
      clock_.advance(1s);
    if (GetParam().token == Token::expires_meanwhile && server_->requests == 0) clock_.advance(11s);
    clock_.settle();
    if (GetParam().moment == Moment::startup || GetParam().moment == Moment::during_login) {
      EXPECT_TRUE(got);
    }
    if (GetParam().moment == Moment::refused) {
      EXPECT_TRUE(refused);
    }
  }

  /// Whether the moment's token was still good when the attempt had ended.
  bool token_is_good() const {
    const bool refused = GetParam().moment == Moment::refused || GetParam().moment == Moment::in_stream;
    return !refused && GetParam().token == Token::valid;
  }

  /// Whether the case makes an attempt at all: a token that is good is only renewed when that is due.
  bool attempts() const {
    const bool idle = GetParam().moment == Moment::startup || GetParam().moment == Moment::during_login;
    return !(idle && GetParam().token == Token::valid);
  }
};

/// What stands in the store, or in memory where it could not be written, is always what the authorization server gave last.
void expect_nothing_lost(const SharedLogins& shared, const TokenKeeper& keeper, const TokenServer& server, const FaultCase& fault) {
  ASSERT_EQ(shared.credentials.size(), 1U);
  ASSERT_TRUE(keeper.credential());
  if (fault.rotates) return;
  EXPECT_EQ(keeper.credential()->refresh_token, server.refresh_token());
  if (!shared.full) {
    EXPECT_EQ(shared.credentials.begin()->second.refresh_token, server.refresh_token());
  }
}

TEST_P(RefreshFaultsTest, EachHasItsClassAndCostsNoLogin) {
  for (const FaultCase& fault : faults(now())) {
    if (fault.where == Where::process) continue;
    SCOPED_TRACE(fault.name);
    shared_ = std::make_shared<SharedLogins>();
    server_ = std::make_shared<TokenServer>();
    registrar_->registrations = 0;
    auto keeper = prepare(fault);
    provoke(*keeper);
    if (HasFailure()) return;
    EXPECT_LE(server_->most_open, 1);
    expect_nothing_lost(*shared_, *keeper, *server_, fault);
    TokenKeeper::Header header;
    if (!attempts()) {
      EXPECT_TRUE(keeper->at_once(header));
      continue;
    }
    EXPECT_EQ(keeper->status().outcome, fault.outcome);
    EXPECT_EQ(registrar_->registrations, fault.outcome == RefreshOutcome::registration_lost ? 1 : 0);
    if (fault.outcome == RefreshOutcome::refreshed || token_is_good()) {
      EXPECT_TRUE(keeper->at_once(header));
    } else {
      const auto failed = obtain(*keeper);
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().code, fault.code);
    }
    EXPECT_EQ(keeper->status().needs_person, needs_person(fault.outcome));
    // No second attempt before its time.
    if (!fault.rotates) {
      EXPECT_LE(server_->requests, 1);
    }
    mend();
    clock_.advance(8min);
    if (fault.rotates) {
      // What the authorization server gave away is gone, and it takes the old one for stolen.
      if (!token_is_good()) {
        EXPECT_EQ(obtain(*keeper).error().code, ErrorCode::reauthentication_required);
      }
    } else if (!needs_person(fault.outcome)) {
      EXPECT_TRUE(obtain(*keeper));
      EXPECT_FALSE(server_->revoked);
      expect_nothing_lost(*shared_, *keeper, *server_, fault);
    }
  }
}

TEST_P(RefreshFaultsTest, ALoginMadeMeanwhileWinsOverAllOfThem) {
  for (const FaultCase& fault : faults(now())) {
    if (fault.where == Where::process || fault.name == "disk full") continue;
    SCOPED_TRACE(fault.name);
    shared_ = std::make_shared<SharedLogins>();
    server_ = std::make_shared<TokenServer>();
    auto keeper = prepare(fault);
    provoke(*keeper);
    mend();
    // Another process, which takes the lock as soon as it is free.
    auto fresh = login(1h);
    fresh.login = "second";
    fresh.access_token = "of the second login";
    mcp::Cancellation cancellation;
    std::optional<mcp::Result<std::unique_ptr<StoreLock>>> lock;
    MemoryLoginStore store(shared_);
    mcp::spawn_task(loop_, store.lock(fresh.key, cancellation, 30s), lock);
    clock_.advance(1s);
    ASSERT_TRUE(lock && *lock);
    shared_->credentials[fresh.key] = fresh;
    lock.reset();
    keeper->look_again();
    clock_.settle();
    TokenKeeper::Header header;
    ASSERT_TRUE(keeper->at_once(header));
    EXPECT_EQ(*header, "Bearer of the second login");
    EXPECT_FALSE(keeper->status().needs_person);
    clock_.advance(2min);
    EXPECT_EQ(stored().login, "second");
    EXPECT_EQ(stored().access_token, "of the second login");
  }
}

/// The process ends between any two steps; the next one goes on from what is stored.
TEST_P(RefreshFaultsTest, ACrashLeavesALoginThatGoesOn) {
  for (const auto after : {0ms, 100ms, 19'900ms, 20'000ms, 20'100ms}) {
    SCOPED_TRACE(after.count());
    shared_ = std::make_shared<SharedLogins>();
    server_ = std::make_shared<TokenServer>();
    auto keeper = prepare(faults(now()).back());
    mcp::Cancellation cancellation;
    std::optional<mcp::Result<TokenKeeper::Header>> got;
    mcp::spawn_task(loop_, keeper->obtain(cancellation), got);
    clock_.settle();
    if (after > 0ms) clock_.advance(after, 100ms);
    // What the process has of the world goes with it; the kernel gives its locks back.
    const auto copy = std::make_shared<SharedLogins>(*shared_);
    copy->locked.clear();
    const auto world = std::make_shared<TokenServer>(*server_);
    world->delay = 0ms;
    shared_ = copy;
    server_ = world;
    auto next = begin(stored());
    EXPECT_TRUE(obtain(*next));
    EXPECT_FALSE(server_->revoked);
  }
}

std::vector<Situation> situations() {
  std::vector<Situation> all;
  for (const auto moment : {Moment::startup, Moment::proactive, Moment::refused, Moment::in_stream, Moment::during_login}) {
    for (const auto token : {Token::valid, Token::expired, Token::expires_meanwhile})
      all.push_back({moment, token});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Everywhere,
                         RefreshFaultsTest,
                         testing::ValuesIn(situations()),
                         [](const testing::TestParamInfo<Situation>& situation) { return name_of(situation.param); });

}  // namespace
}  // namespace oauth
