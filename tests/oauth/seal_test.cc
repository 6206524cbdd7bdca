#include "oauth/seal.h"

#include <gtest/gtest.h>
#include <set>

namespace oauth {
namespace {

constexpr SealedName kName{"credential", "name"};

class SealTest : public testing::Test {
 protected:
  std::string sealed(std::string_view text) const {
    auto sealed = seal(key_, kName, text);
    EXPECT_TRUE(sealed);
    return *sealed;
  }

  /// Why it cannot be unsealed; damaged where it can, which no test expects then.
  SealFailure failure(const std::string& sealed, const SealedName& name = kName) const {
    const auto text = unseal(key_, name, sealed);
    EXPECT_FALSE(text);
    return text ? SealFailure::damaged : text.error();
  }

  const SealingKey key_ = SealingKey::random();
};

TEST_F(SealTest, WhatIsSealedComesBack) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(100'000, '\0'), std::string("a secret")}) {
    const std::string whole = sealed(text);
    EXPECT_EQ(whole.size(), text.size() + kSealBytes);
    EXPECT_EQ(unseal(key_, kName, whole), text);
    EXPECT_TRUE(text.size() < 4 || !whole.contains(text));
  }
}

TEST_F(SealTest, NoTwoAreAlike) {
  std::set<std::string> nonces;
  for (int i = 0; i < 1000; ++i)
    nonces.insert(sealed("the same").substr(16, 12));
  EXPECT_EQ(nonces.size(), 1000U);
}

TEST_F(SealTest, EveryBitCounts) {
  const std::string whole = sealed("a secret");
  for (std::size_t i = 0; i < 8 * whole.size(); ++i) {
    std::string other = whole;
    other[i / 8] = static_cast<char>(other[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(unseal(key_, kName, other)) << i;
  }
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(unseal(key_, kName, whole.substr(0, size))) << size;
  EXPECT_EQ(failure(whole + "x"), SealFailure::damaged);
}

TEST_F(SealTest, OnlyUnderItsName) {
  const std::string whole = sealed("a secret");
  EXPECT_EQ(failure(whole, {"credential", "other"}), SealFailure::damaged);
  EXPECT_EQ(failure(whole, {"client", "name"}), SealFailure::damaged);
  EXPECT_EQ(failure(whole, {"credentialname", ""}), SealFailure::damaged);
}

TEST_F(SealTest, SaysWhyItCannotBeUnsealed) {
  std::string whole = sealed("a secret");
  EXPECT_EQ(failure(""), SealFailure::not_sealed);
  EXPECT_EQ(failure("{}"), SealFailure::not_sealed);
  EXPECT_EQ(failure("SWYSEAL"), SealFailure::not_sealed);
  EXPECT_EQ(failure("SWYSEAL\x02"), SealFailure::later_version);
  EXPECT_EQ(failure("SWYSEAL\x01"), SealFailure::damaged);
  const auto text = unseal(SealingKey::random(), kName, whole);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error(), SealFailure::other_key);
}

TEST_F(SealTest, AKeyIsItsHexDigits) {
  const auto again = SealingKey::from_hex(key_.hex());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->hex(), key_.hex());
  EXPECT_EQ(again->id(), key_.id());
  EXPECT_EQ(key_.hex().size(), 64U);
  EXPECT_EQ(key_.id().size(), 16U);
  EXPECT_FALSE(key_.hex().contains(key_.id()));
  EXPECT_NE(SealingKey::random().hex(), key_.hex());
  EXPECT_FALSE(SealingKey::from_hex(""));
  EXPECT_FALSE(SealingKey::from_hex(key_.hex() + "00"));
  EXPECT_FALSE(SealingKey::from_hex(std::string(64, 'g')));
}

TEST(Sha256Test, IsWhatOthersCallSo) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace oauth
