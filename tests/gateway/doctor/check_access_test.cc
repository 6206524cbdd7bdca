#include "gateway/doctor/check_access.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/config/config_text.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kGood = "Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFiY2RlZg==";

class CheckAccessTest : public testing::Test {
 protected:
  std::vector<std::string> look(const std::string& access) const {
    const auto config = parse_config(R"({"mcpServers": {}, "access": )" + access + "}", folder_.file("c.json"), environment());
    EXPECT_TRUE(config) << config.error().message;
    std::vector<std::string> lines;
    for (const Check& check : check_access(*config, environment()))
      lines.push_back(std::string(to_string(check.level)) + " " + check.subject + ": " + check.message + " | " + check.remedy);
    return lines;
  }

  static Environment environment() { return environment_of({{"GOOD", kGood}, {"WEAK", "0123456789abcdef"}}); }

  void write(const std::string& name, const std::string& text, mode_t mode) const {
    ::chmod(folder_.write(name, text).c_str(), mode);
  }

  void write_pair(const mcp::CertificateSpec& spec, mode_t mode) {
    const auto issued = authority_.issue(spec);
    write("c.pem", issued.certificate, 0644);
    write("k.pem", issued.key, mode);
  }

  mcp::TempFolder folder_;
  mcp::TestAuthority authority_;
};

TEST_F(CheckAccessTest, SaysNothingWhereThereIsNone) {
  EXPECT_THAT(look("{}"), IsEmpty());
}

TEST_F(CheckAccessTest, KnowsSoundTokensFromWeakOnes) {
  EXPECT_THAT(look(R"({"tokens": {"ci": {"env": "GOOD"}}})"), ElementsAre("ok access: clients need a token: ci | "));
  EXPECT_THAT(look(R"({"tokens": {"ci": {"env": "WEAK"}}})"),
              ElementsAre(AllOf(HasSubstr("warning access: the access token \"ci\" is easily guessed: it has 16 characters"),
                                HasSubstr("openssl rand -base64 32"),
                                Not(HasSubstr("0123456789abcdef"))),
                          HasSubstr("ok access")));
  EXPECT_THAT(look(R"({"tokens": {"ci": {"env": "NOT_SET"}}})"), ElementsAre(HasSubstr("error access: the access token \"ci\"")));
}

TEST_F(CheckAccessTest, WarnsOfTokenFilesThatOthersRead) {
  write("token", kGood, 0600);
  EXPECT_THAT(look(R"({"tokens": {"ci": {"file": "token"}}})"), ElementsAre(HasSubstr("ok access")));
  write("token", kGood, 0644);
  EXPECT_THAT(
      look(R"({"tokens": {"ci": {"file": "token"}}})"),
      ElementsAre(HasSubstr("ok access"), AllOf(HasSubstr("warning permissions: "), HasSubstr("(0644)"), HasSubstr("chmod 600"))));
}

TEST_F(CheckAccessTest, LooksAtTheCertificateAndItsKey) {
  const std::string tls = R"({"tls": {"certificate": "c.pem", "key": "k.pem"}})";
  EXPECT_THAT(look(tls), ElementsAre(AllOf(HasSubstr("error access: the TLS certificate"), HasSubstr("No such file"))));
  write_pair({.common_name = "x", .alternative_names = "", .days = 100}, 0600);
  EXPECT_THAT(look(tls), ElementsAre(HasSubstr("ok access: TLS with the certificate " + folder_.file("c.pem"))));
  write_pair({.common_name = "x", .alternative_names = "", .days = 13}, 0644);
  EXPECT_THAT(look(tls),
              ElementsAre(AllOf(HasSubstr("warning access: "), HasSubstr("expires in 12 days")),
                          AllOf(HasSubstr("may be read by every user"), HasSubstr("chmod o-r"))));
  write_pair({.common_name = "x", .alternative_names = "", .expired = true}, 0600);
  EXPECT_THAT(look(tls), ElementsAre(HasSubstr("has expired")));
}

}  // namespace
}  // namespace gateway
