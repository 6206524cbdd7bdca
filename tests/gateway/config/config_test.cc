#include "gateway/config/config.h"

#include <gtest/gtest.h>
#include <string>

namespace gateway {
namespace {

TEST(ListenAddressTest, BracketsOnlyIpv6) {
  EXPECT_EQ((ListenAddress{"127.0.0.1", 80}).text(), "127.0.0.1:80");
  EXPECT_EQ((ListenAddress{"::1", 80}).text(), "[::1]:80");
}

struct AddressCase {
  std::string text;
  std::string result;  // its text(), or what comes after the forms expected
};

class ListenAddressParseTest : public testing::TestWithParam<AddressCase> {};

TEST_P(ListenAddressParseTest, TakesOrRefuses) {
  const auto address = ListenAddress::parse(GetParam().text);
  const std::string wanted = "expected HOST:PORT, [IPV6]:PORT or :PORT";
  EXPECT_EQ(address ? address->text() : address.error().message,
            GetParam().result.starts_with(";") ? wanted + GetParam().result : GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(All,
                         ListenAddressParseTest,
                         testing::Values(AddressCase{"127.0.0.1:7332", "127.0.0.1:7332"},
                                         AddressCase{"localhost:0", "localhost:0"},
                                         AddressCase{":65535", "127.0.0.1:65535"},
                                         AddressCase{"[::1]:80", "[::1]:80"},
                                         AddressCase{"[fe80::1:2]:80", "[fe80::1:2]:80"},
                                         AddressCase{"7332", "; a port alone is written with a colon before it"},
                                         AddressCase{"", "; the port is missing"},
                                         AddressCase{"localhost", "; the port is missing"},
                                         AddressCase{"[::1]", "; the port is missing"},
                                         AddressCase{"localhost:", "; the port is a number up to 65535"},
                                         AddressCase{"localhost:65536", "; the port is a number up to 65535"},
                                         AddressCase{"localhost:-1", "; the port is a number up to 65535"},
                                         AddressCase{"localhost:99999999999999999999", "; the port is a number up to 65535"},
                                         AddressCase{"::1:80", "; an IPv6 address stands in brackets"},
                                         AddressCase{"[localhost]:80", "; there is no IPv6 address in the brackets"},
                                         AddressCase{"*:80", "; all addresses are written 0.0.0.0 or [::]"},
                                         AddressCase{"a b:80", "; the host is a name or an address"},
                                         AddressCase{"http://a:80", "; an IPv6 address stands in brackets"}));

TEST(DiagnosticTest, LeavesAnEmptyPathOut) {
  EXPECT_EQ((Diagnostic{Diagnostic::Severity::error, "a.b", 3, 4, "bad"}).text("f"), "f:3:4: a.b: bad");
  EXPECT_EQ((Diagnostic{Diagnostic::Severity::error, "", 3, 4, "bad"}).text("f"), "f:3:4: bad");
}

}  // namespace
}  // namespace gateway
