#include "oauth/record_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/oauth/store_fixture.h"

namespace oauth {
namespace {

using Json = nlohmann::json;

TEST(RecordTextTest, ACredentialComesBackAsItWas) {
  for (const Credential& credential : {sample_credential(), Credential()}) {
    const auto text = write_credential(credential);
    ASSERT_TRUE(text);
    EXPECT_EQ(read_credential(*text), credential);
  }
}

TEST(RecordTextTest, ClientsAndSecretsComeBackAsTheyWere) {
  for (const auto source : {ClientSource::configured, ClientSource::metadata_document, ClientSource::dynamic}) {
    ClientRecord record{"https://as.example", sample_credential().client};
    record.client.source = source;
    EXPECT_EQ(read_client(write_client(record).value()), record);
  }
  const SecretRecord secret{"NAME", std::string("line\n\0 \"\\ \u00eb", 12)};
  EXPECT_EQ(read_secret(write_secret(secret).value()), secret);
}

TEST(RecordTextTest, TimesAreKeptInMilliseconds) {
  Credential credential;
  credential.expires = WallTime(std::chrono::nanoseconds(1'999'999));
  EXPECT_EQ(read_credential(write_credential(credential).value())->expires, WallTime(std::chrono::milliseconds(1)));
}

TEST(RecordTextTest, EachMemberHasToBeThereAndOfItsKind) {
  const Json whole = Json::parse(write_credential(sample_credential()).value());
  for (const auto& [name, value] : whole.items()) {
    Json without = whole;
    without.erase(name);
    EXPECT_EQ(read_credential(without.dump()), std::unexpected(RecordFailure::damaged)) << name;
    for (const Json& other : {Json(1.5), Json(Json::array({1})), Json(true)}) {
      Json wrong = whole;
      wrong[name] = other;
      EXPECT_EQ(read_credential(wrong.dump()), std::unexpected(RecordFailure::damaged)) << name << " " << other;
    }
  }
  for (const char* const text : {"", "{", "[]", "null", "{}", "{\"version\":1}"})
    EXPECT_EQ(read_credential(text), std::unexpected(RecordFailure::damaged)) << text;
}

TEST(RecordTextTest, NoTimeIsTooFarAway) {
  Json record = Json::parse(write_credential(sample_credential()).value());
  for (const Json& time : {Json(9'000'000'000'001), Json(-9'000'000'000'001), Json(18'000'000'000'000'000'000U)}) {
    record["expires"] = time;
    EXPECT_EQ(read_credential(record.dump()), std::unexpected(RecordFailure::damaged)) << time;
  }
}

TEST(RecordTextTest, OnlyItsOwnVersionIsRead) {
  Json record = Json::parse(write_credential(sample_credential()).value());
  record["version"] = 2;
  record["more"] = "that is not to be lost";
  EXPECT_EQ(read_credential(record.dump()), std::unexpected(RecordFailure::later_version));
  record = Json{{"version", 2}};  // whatever else has become of it
  EXPECT_EQ(read_credential(record.dump()), std::unexpected(RecordFailure::later_version));
  record["version"] = 0;
  EXPECT_EQ(read_credential(record.dump()), std::unexpected(RecordFailure::damaged));
}

TEST(RecordTextTest, WhatIsNoTextIsRefusedNotChanged) {
  EXPECT_EQ(write_secret({"NAME", "\xff"}), std::unexpected(RecordFailure::not_text));
}

}  // namespace
}  // namespace oauth
