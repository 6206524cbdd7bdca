#include "gateway/catalog/callable_name.h"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace gateway {
namespace {

std::string name_of(const std::string& server, const std::string& tool, std::size_t max_length = 46) {
  return callable_name(ServerName(server), ToolName(tool), max_length).str();
}

TEST(CallableNameTest, JoinsServerAndTool) {
  EXPECT_EQ(name_of("files", "read_file"), "files__read_file");
  EXPECT_EQ(name_of("my-files", "Read-File2"), "my-files__Read-File2");
  EXPECT_EQ(name_of("a", "b__c"), "a__b__c");
  EXPECT_EQ(name_of("a", "_b"), "a___b");
}

struct SuffixCase {
  std::string server, tool, name;
  std::size_t max_length = 46;
};

class CallableNameSuffixTest : public testing::TestWithParam<SuffixCase> {};

// The digits come from `printf 'SERVER\0TOOL' | sha256sum`.
TEST_P(CallableNameSuffixTest, IsAdded) {
  EXPECT_EQ(name_of(GetParam().server, GetParam().tool, GetParam().max_length), GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(All,
                         CallableNameSuffixTest,
                         testing::Values(SuffixCase{"github", "issues.list", "github__issues_list_a8abd7fe"},
                                         SuffixCase{"my files", "read", "my_files__read_18549480"},
                                         SuffixCase{"bücher", "öffnen", "b_cher___ffnen_dc02f200"},
                                         SuffixCase{"a__b", "c", "a__b__c_a92700ce"},
                                         SuffixCase{"a_", "b", "a___b_a00766a3"},
                                         SuffixCase{"a", "b_0123abcd", "a__b_0123abcd_c9f44c81"},
                                         SuffixCase{"files",
                                                    "a_very_long_tool_name_that_goes_on_and_on_xyz",
                                                    "files__a_very_long_tool_name_that_goe_e1f44de8"},
                                         SuffixCase{"files", "read_file_", "files___bef99ad7", 1}));

TEST(CallableNameTest, SaysWhyItHasASuffix) {
  const auto changes = [](const char* server, const std::string& tool) {
    return explained_name(ServerName(server), ToolName(tool)).changes;
  };
  EXPECT_FALSE(changes("files", "read_file").any());
  EXPECT_TRUE(changes("github", "issues.list").replaced);
  EXPECT_TRUE(changes("files", std::string(50, 'x')).shortened);
  EXPECT_TRUE(changes("a__b", "c").ambiguous_server);
  EXPECT_TRUE(changes("a", "b_0123abcd").like_suffix);
  EXPECT_FALSE(changes("github", "issues.list").shortened);
}

TEST(CallableNameTest, FitsExactlyOrIsCut) {
  const std::string tool(39, 't');  // 46 with "files__"
  EXPECT_EQ(name_of("files", tool), "files__" + tool);
  EXPECT_EQ(name_of("files", tool + "t").size(), 46u);
  EXPECT_EQ(name_of("files", tool + "t").substr(0, 37), "files__" + std::string(30, 't'));
  EXPECT_EQ(name_of("files", tool + "t", 128), "files__" + tool + "t");
}

std::string random_part(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {
      "a",    "b",    "A",         "_",         "__", "-",  ".",  " ", "/",    "é",     "\xFF",
      "tool", "a__b", "_deadbeef", "_0123abcd", "x_", "\n", "😀", "0", "read", "files", "averyveryverylongpieceofaname"};
  std::string out;
  const auto pieces = std::uniform_int_distribution<int>(0, 5)(random);
  for (int i = 0; i < pieces; ++i)
    out += kPieces[std::uniform_int_distribution<std::size_t>(0, kPieces.size() - 1)(random)];
  return out;
}

TEST(CallableNameTest, DistinctIdentitiesHaveDistinctValidNames) {
  for (const std::size_t max_length : {16u, 46u, 64u}) {
    std::mt19937 random(7);  // a fixed seed: the same pairs in each run
    std::map<std::string, std::pair<std::string, std::string>> owners;
    for (int i = 0; i < 20'000; ++i) {
      const std::pair<std::string, std::string> identity(random_part(random), random_part(random));
      const std::string name = name_of(identity.first, identity.second, max_length);
      ASSERT_LE(name.size(), max_length);
      ASSERT_EQ(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"), std::string::npos)
          << name;
      const auto [owner, fresh] = owners.emplace(name, identity);
      ASSERT_EQ(owner->second, identity) << name;
      ASSERT_EQ(name_of(identity.first, identity.second, max_length), name);
    }
  }
}

TEST(CallableNameTest, PairsThatWouldMeetStayApart) {
  const std::vector<std::pair<std::string, std::string>> pairs = {{"a", "b__c"},
                                                                  {"a__b", "c"},
                                                                  {"a_", "b"},
                                                                  {"a", "_b"},
                                                                  {"a.b", "c"},
                                                                  {"a_b", "c"},
                                                                  {"a b", "c"},
                                                                  {"a", "b.c"},
                                                                  {"a", "b_c"},
                                                                  {"", "a__b"},
                                                                  {"_", "a"},
                                                                  {"a", ""}};
  std::map<std::string, std::pair<std::string, std::string>> owners;
  for (const auto& pair : pairs)
    EXPECT_TRUE(owners.emplace(name_of(pair.first, pair.second), pair).second) << pair.first << " " << pair.second;
  // A tool that has the very name another one gets with its suffix.
  const std::string suffixed = name_of("a", "b.c");
  EXPECT_NE(name_of("a", suffixed.substr(3)), suffixed);
}

TEST(CallableNameTest, TellsWhoseNamesTheyMayBe) {
  const std::string long_name(64, 'x');
  for (const std::string server : {"files", "my server", "a__b", "my_", "späße", long_name.c_str()}) {
    for (const std::string tool : {"read", "issues.list", "a_very_long_tool_name_that_goes_on_and_on_xyz"}) {
      for (const std::size_t max_length : {16u, 46u, 128u}) {
        const std::string name = name_of(server, tool, max_length);
        EXPECT_TRUE(may_be_of(name, ServerName(server), max_length)) << name;
        EXPECT_FALSE(may_be_of(name, ServerName("other"), max_length)) << name;
      }
    }
  }
  // Only names with a suffix come from a name in which something was replaced.
  EXPECT_FALSE(may_be_of("my_server__echo", ServerName("my server")));
  EXPECT_FALSE(may_be_of("files", ServerName("files")));
}

}  // namespace
}  // namespace gateway
