#include "oauth/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace oauth {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

constexpr const char* kUrl = "https://as.example/.well-known/oauth-authorization-server";

json good() {
  return {{"issuer", "https://as.example"},
          {"authorization_endpoint", "https://as.example/authorize?tenant=1"},
          {"token_endpoint", "https://as.example/token"},
          {"registration_endpoint", "https://as.example/register"},
          {"scopes_supported", {"a", "b"}},
          {"token_endpoint_auth_methods_supported", {"none", "tls_client_auth"}},
          {"code_challenge_methods_supported", {"plain", "S256"}},
          {"authorization_response_iss_parameter_supported", true},
          {"device_authorization_endpoint", nullptr},
          {"anything", {{"else", json::array({1, 2})}}}};
}

mcp::Error refusal(const json& document) {
  const auto parsed = parse_server_metadata(kUrl, document.dump());
  EXPECT_FALSE(parsed) << document;
  return parsed ? mcp::Error{} : parsed.error();
}

TEST(MetadataTest, AnAuthorizationServerIsRead) {
  const auto metadata = parse_server_metadata(kUrl, good().dump());
  ASSERT_TRUE(metadata) << metadata.error().text();
  EXPECT_EQ(metadata->issuer, "https://as.example");
  EXPECT_EQ(metadata->authorization_endpoint, "https://as.example/authorize?tenant=1");
  EXPECT_THAT(metadata->scopes_supported, ElementsAre("a", "b"));
  EXPECT_THAT(metadata->token_authentication, Optional(ElementsAre("none", "tls_client_auth")));
  EXPECT_FALSE(metadata->grant_types);
  EXPECT_TRUE(metadata->iss_parameter);
  EXPECT_FALSE(metadata->client_metadata_document);
  EXPECT_EQ(metadata->device_authorization_endpoint, "");
  EXPECT_TRUE(check_pkce(*metadata));
}

TEST(MetadataTest, AMemberOfAnotherTypeIsNamed) {
  const json wrong = {{"issuer", 1},
                      {"token_endpoint", json::array()},
                      {"scopes_supported", "a b"},
                      {"grant_types_supported", json::array({1})},
                      {"code_challenge_methods_supported", true},
                      {"client_id_metadata_document_supported", "yes"}};
  for (const auto& [member, value] : wrong.items()) {
    json document = good();
    document[member] = value;
    EXPECT_THAT(refusal(document).message, AllOf(HasSubstr(kUrl), HasSubstr(member)));
    EXPECT_EQ(refusal(document).code, mcp::ErrorCode::invalid_request);
  }
}

TEST(MetadataTest, WhatHasToBeThereIsMissed) {
  for (const char* member : {"issuer", "token_endpoint"}) {
    json document = good();
    document.erase(member);
    EXPECT_THAT(refusal(document).message, HasSubstr(std::string(member) + " is missing"));
  }
}

TEST(MetadataTest, EndpointsAreSecure) {
  for (const char* url : {"http://as.example/token",
                          "https://as.example/token#x",
                          "ftp://as.example/",
                          "/token",
                          "javascript:alert(1)",
                          "https://user@as.example/token"}) {
    json document = good();
    document["token_endpoint"] = url;
    EXPECT_THAT(refusal(document).message, HasSubstr("token_endpoint")) << url;
  }
  json document = good();
  document["token_endpoint"] = "http://localhost:1234/token";
  EXPECT_TRUE(parse_server_metadata(kUrl, document.dump()));
}

TEST(MetadataTest, DocumentsAreBounded) {
  EXPECT_EQ(parse_server_metadata(kUrl, std::string(100'000, '[')).error().code, mcp::ErrorCode::parse_error);
  EXPECT_EQ(parse_server_metadata(kUrl, "{\"a\":" + std::string(50, '[') + std::string(50, ']') + "}").error().code,
            mcp::ErrorCode::parse_error);
  EXPECT_EQ(parse_server_metadata(kUrl, "<html>").error().code, mcp::ErrorCode::parse_error);
  EXPECT_EQ(parse_server_metadata(kUrl, "[]").error().code, mcp::ErrorCode::parse_error);
  EXPECT_EQ(parse_server_metadata(kUrl, "\"" + std::string(2'000'000, 'a') + "\"").error().code, mcp::ErrorCode::parse_error);
  json document = good();
  document["issuer"] = std::string(10'000, 'a');
  EXPECT_THAT(refusal(document).message, HasSubstr("8 KiB"));
  document = good();
  document["scopes_supported"] = std::vector<std::string>(2000, "a");
  EXPECT_THAT(refusal(document).message, HasSubstr("1,024"));
}

TEST(MetadataTest, WithoutS256ThereIsNoLogin) {
  for (const json& methods : {json(nullptr), json::array(), json::array({"plain"})}) {
    json document = good();
    document["code_challenge_methods_supported"] = methods;
    const auto metadata = parse_server_metadata(kUrl, document.dump());
    ASSERT_TRUE(metadata);
    const auto checked = check_pkce(*metadata);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().message, AllOf(HasSubstr("S256"), HasSubstr(kUrl)));
  }
  EXPECT_TRUE(check_pkce(default_metadata("https://old.example")));
}

TEST(MetadataTest, AResourceIsRead) {
  const auto metadata = parse_resource_metadata(
      "https://a.example/m",
      R"({"resource":"https://a.example/mcp/","authorization_servers":["https://as.example/"],"scopes_supported":["x"]})");
  ASSERT_TRUE(metadata) << metadata.error().text();
  EXPECT_EQ(metadata->resource, "https://a.example/mcp/");
  EXPECT_THAT(metadata->authorization_servers, ElementsAre("https://as.example/"));
  EXPECT_THAT(metadata->scopes_supported, Optional(ElementsAre("x")));
  const auto bare = parse_resource_metadata("https://a.example/m", R"({"resource":"https://a.example"})");
  ASSERT_TRUE(bare);
  EXPECT_THAT(bare->authorization_servers, IsEmpty());
  EXPECT_FALSE(bare->scopes_supported);
  EXPECT_THAT(parse_resource_metadata("https://a.example/m", "{}").error().message,
              AllOf(HasSubstr("https://a.example/m"), HasSubstr("resource is missing")));
}

}  // namespace
}  // namespace oauth
