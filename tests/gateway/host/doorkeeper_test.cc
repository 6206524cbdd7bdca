#include "gateway/host/doorkeeper.h"

#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/config/config_text.h"
#include "tests/support/certificates.h"
#include "tests/support/run_task.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kOne = "one-token-0123456789abcdef", kTwo = "two-token-0123456789abcdef";
const ListenAddress kHere{"127.0.0.1", 7332}, kEverywhere{"0.0.0.0", 7332};

class DoorkeeperTest : public testing::Test {
 protected:
  ~DoorkeeperTest() override { helpers_.join(); }

  TlsFiles files(const mcp::CertificateSpec& spec) {
    const auto issued = authority_.issue(spec);
    return {.certificate = folder_.write("c.pem", issued.certificate), .key = folder_.write("k.pem", issued.key), .missing = ""};
  }

  TlsFiles files() { return files({.common_name = "x", .alternative_names = "DNS:localhost", .days = 100}); }

  AccessSpec tokens_of_file() const {
    AccessSpec access;
    access.tokens.push_back({.name = "ci", .text = "", .variable = "", .file = folder_.file("token"), .missing = ""});
    return access;
  }

  mcp::Result<> start(AccessSpec access) { return mcp::run_task(loop_, keeper_.start(std::move(access))); }
  mcp::Result<> prepare(AccessSpec access, const ListenAddress& at = kHere) {
    return mcp::run_task(loop_, keeper_.prepare(std::move(access), at));
  }
  mcp::Result<> check(AccessSpec access, const ListenAddress& at = kHere) {
    return mcp::run_task(loop_, keeper_.check(std::move(access), at));
  }

  HttpEndpointOptions furnished() const {
    HttpEndpointOptions options;
    keeper_.furnish(options);
    return options;
  }

  bool lets_in(const std::string& token) const { return furnished().access.identify("Bearer " + token) != nullptr; }

  boost::asio::io_context loop_;
  boost::asio::thread_pool helpers_{1};
  mcp::TempFolder folder_;
  mcp::TestAuthority authority_;
  Doorkeeper keeper_{helpers_, test_environment(), "local-token-0123456789"};
};

TEST_F(DoorkeeperTest, WithoutTheTokenNothingIsOpened) {
  const auto missing = start(tokens_of_file());
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("the access token \"ci\" cannot be had"));
  folder_.write("token", kOne);
  ASSERT_TRUE(start(tokens_of_file()));
  EXPECT_TRUE(furnished().access.asks());
  EXPECT_TRUE(lets_in(kOne));
  EXPECT_TRUE(lets_in(keeper_.local_token()));
}

TEST_F(DoorkeeperTest, WhatTheFilesHoldCountsAnew) {
  folder_.write("token", kOne + "\n");
  ASSERT_TRUE(start(tokens_of_file()));
  folder_.write("token", kTwo + "\n");
  ASSERT_TRUE(prepare(tokens_of_file()));
  EXPECT_FALSE(lets_in(kOne));
  EXPECT_TRUE(lets_in(kTwo));
  folder_.write("token", "short");
  ASSERT_FALSE(check(tokens_of_file()));
  ASSERT_FALSE(prepare(tokens_of_file()));
  EXPECT_TRUE(lets_in(kTwo)) << "what was in force stays in force";
}

TEST_F(DoorkeeperTest, ABrokenPairLeavesTheOldOneInForce) {
  AccessSpec access;
  access.tls = files();
  ASSERT_TRUE(start(access));
  const std::string before = furnished().tls->fingerprint();
  folder_.write("k.pem", authority_.issue({"other", ""}).key);
  const auto broken = prepare(access);
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr(folder_.file("k.pem")));
  EXPECT_EQ(furnished().tls->fingerprint(), before);
  access.tls = files();
  ASSERT_TRUE(prepare(access));
  EXPECT_NE(furnished().tls->fingerprint(), before);
}

TEST_F(DoorkeeperTest, WhatItSpeaksStaysAsItWasOpened) {
  AccessSpec with_tls;
  with_tls.tls = files();
  ASSERT_TRUE(start(with_tls));
  ASSERT_TRUE(prepare({}));
  EXPECT_NE(furnished().tls, nullptr);
  Doorkeeper plain(helpers_, test_environment(), "local-token-0123456789");
  ASSERT_TRUE(mcp::run_task(loop_, plain.start({})));
  ASSERT_TRUE(mcp::run_task(loop_, plain.prepare(with_tls, kHere)));
  HttpEndpointOptions options;
  plain.furnish(options);
  EXPECT_EQ(options.tls, nullptr);
}

TEST_F(DoorkeeperTest, ALastTokenIsNotTakenAwayBeyondThisMachine) {
  folder_.write("token", kOne);
  AccessSpec access = tokens_of_file();
  access.behind_proxy = true;
  ASSERT_TRUE(start(access));
  AccessSpec nobody;
  nobody.behind_proxy = true;
  for (const auto& refused : {check(nobody, kEverywhere), prepare(nobody, kEverywhere)}) {
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("no access token says who may call tools there"));
  }
  EXPECT_TRUE(furnished().access.asks());
  EXPECT_TRUE(prepare(nobody, kHere));
}

TEST_F(DoorkeeperTest, WarnsOfCertificatesThatEndAndKeysThatAreOpen) {
  const auto warnings = [this](const mcp::CertificateSpec& spec, mode_t mode) {
    AccessSpec access;
    access.tls = files(spec);
    ::chmod(access.tls->key.c_str(), mode);
    std::vector<std::string> messages;
    const auto loaded = load_access(access, test_environment(), "");
    EXPECT_TRUE(loaded);
    for (const AccessWarning& warning : loaded->warnings)
      messages.push_back(warning.message);
    return messages;
  };
  const mcp::CertificateSpec good{.common_name = "x", .alternative_names = "", .days = 100};
  EXPECT_THAT(warnings(good, 0600), IsEmpty());
  EXPECT_THAT(warnings(good, 0640), IsEmpty());
  EXPECT_THAT(warnings(good, 0644), ElementsAre(HasSubstr("k.pem may be read by every user of this machine")));
  EXPECT_THAT(warnings({.common_name = "x", .alternative_names = "", .days = 10}, 0600),
              ElementsAre(HasSubstr("expires in 9 days")));
  EXPECT_THAT(warnings({.common_name = "x", .alternative_names = "", .expired = true}, 0600),
              ElementsAre(HasSubstr("has expired, 1 day ago")));
}

TEST_F(DoorkeeperTest, APathsMissingVariableIsNamed) {
  AccessSpec access;
  access.tls = TlsFiles{.certificate = "/x", .key = "/y", .missing = "TLS_DIR"};
  const auto loaded = load_access(access, test_environment(), "");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, mcp::ErrorCode::variable_missing);
  EXPECT_THAT(loaded.error().message, HasSubstr("TLS_DIR"));
}

}  // namespace
}  // namespace gateway
