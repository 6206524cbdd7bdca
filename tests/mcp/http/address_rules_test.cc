#include "mcp/http/address_rules.h"

#include <gtest/gtest.h>

namespace mcp {
namespace {

bool is_public(const std::string& text) {
  return is_public_address(boost::asio::ip::make_address(text));
}

TEST(AddressRulesTest, PublicAddresses) {
  for (const auto* text : {"1.1.1.1",         "8.8.8.8",
                           "9.255.255.255",   "11.0.0.0",
                           "100.63.255.255",  "100.128.0.0",
                           "126.255.255.255", "128.0.0.0",
                           "168.63.129.15",   "169.253.255.255",
                           "169.255.0.0",     "172.15.255.255",
                           "172.32.0.0",      "192.0.1.0",
                           "192.0.3.0",       "192.88.98.255",
                           "192.167.255.255", "192.169.0.0",
                           "198.17.255.255",  "198.20.0.0",
                           "198.51.99.255",   "203.0.112.255",
                           "203.0.114.0",     "223.255.255.255",
                           "2000::1",         "2001:4860:4860::8888",
                           "2606:4700::1111", "2a00:1450::1",
                           "2001:200::1",     "2001:db7::1",
                           "2001:db9::1",     "3ffe::1",
                           "::ffff:8.8.8.8",  "64:ff9b::808:808",
                           "2002:808:808::1"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(AddressRulesTest, AddressesOfSomeUseOfTheirOwn) {
  for (const auto* text :
       {"0.0.0.0",         "0.1.2.3",         "10.0.0.0",        "10.255.255.255",  "100.64.0.0",   "100.100.100.200",
        "100.127.255.255", "127.0.0.1",       "127.255.255.255", "168.63.129.16",   "169.254.0.0",  "169.254.169.254",
        "172.16.0.0",      "172.31.255.255",  "192.0.0.1",       "192.0.0.192",     "192.0.2.1",    "192.88.99.1",
        "192.168.0.1",     "192.168.255.255", "198.18.0.1",      "198.19.255.255",  "198.51.100.1", "203.0.113.1",
        "224.0.0.1",       "239.255.255.255", "240.0.0.1",       "255.255.255.255", "::",           "::1",
        "::127.0.0.1",     "::8.8.8.8",       "fc00::1",         "fd00:ec2::254",   "fe80::1",      "fe80::1%1",
        "febf::1",         "fec0::1",         "ff02::1",         "100::1",          "2001::1",      "2001:2::1",
        "2001:10::1",      "2001:1ff::1",     "2001:db8::1",     "3fff::1",         "3fff:fff::1",  "4000::1",
        "5f00::1"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

TEST(AddressRulesTest, AddressesWithinAddresses) {
  for (const auto* inner : {"127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "0.0.0.0", "100.64.0.1"}) {
    const auto four = boost::asio::ip::make_address_v4(inner).to_bytes();
    const auto mapped = std::string("::ffff:") + inner;
    EXPECT_FALSE(is_public(mapped)) << mapped;
    EXPECT_FALSE(is_public(std::string("64:ff9b::") + inner)) << inner;
    EXPECT_FALSE(is_public(std::string("64:ff9b:1::") + inner)) << inner;
    boost::asio::ip::address_v6::bytes_type six = {0x20, 0x02, four[0], four[1], four[2], four[3]};
    EXPECT_FALSE(is_public_address(boost::asio::ip::address_v6(six))) << inner;
    EXPECT_EQ(unmapped(boost::asio::ip::make_address(mapped)).to_string(), inner);
  }
}

TEST(AddressRulesTest, Names) {
  for (const auto* host : {"example.com",
                           "example.com.",
                           "MCP.Example.COM",
                           "8.8.8.8",
                           "[2606:4700::1111]",
                           "2606:4700::1111",
                           "local.example.com",
                           "internal.example",
                           "xn--bcher-kva.example"}) {
    EXPECT_TRUE(name_may_be_public(host)) << host;
  }
  for (const auto* host : {"",
                           ".",
                           "localhost",
                           "LOCALHOST.",
                           "a.localhost",
                           "printer.local",
                           "printer.local.",
                           "Metadata.Google.Internal",
                           "nas.home.arpa",
                           "intranet",
                           "10.0.0.1",
                           "127.0.0.1",
                           "127.1",
                           "0x7f.1",
                           "2130706433",
                           "0x7f000001",
                           "1.2.3.4.5",
                           "[::1]",
                           "::1",
                           "[fd00::1]",
                           "[::ffff:10.0.0.1]",
                           "169.254.169.254",
                           "169.254.169.254."}) {
    EXPECT_FALSE(name_may_be_public(host)) << host;
  }
}

}  // namespace
}  // namespace mcp
