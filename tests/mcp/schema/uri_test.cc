#include "mcp/schema/uri.h"

#include <gtest/gtest.h>

namespace mcp::schema {
namespace {

TEST(UriTest, ResolvesAsRfc3986Says) {
  // Section 5.4.
  constexpr const char* kBase = "http://a/b/c/d;p?q";
  constexpr std::pair<const char*, const char*> kExamples[] = {{"g:h", "g:h"},
                                                               {"g", "http://a/b/c/g"},
                                                               {"./g", "http://a/b/c/g"},
                                                               {"g/", "http://a/b/c/g/"},
                                                               {"/g", "http://a/g"},
                                                               {"//g", "http://g"},
                                                               {"?y", "http://a/b/c/d;p?y"},
                                                               {"g?y", "http://a/b/c/g?y"},
                                                               {"#s", "http://a/b/c/d;p?q#s"},
                                                               {"g#s", "http://a/b/c/g#s"},
                                                               {";x", "http://a/b/c/;x"},
                                                               {"", "http://a/b/c/d;p?q"},
                                                               {".", "http://a/b/c/"},
                                                               {"./", "http://a/b/c/"},
                                                               {"..", "http://a/b/"},
                                                               {"../", "http://a/b/"},
                                                               {"../g", "http://a/b/g"},
                                                               {"../..", "http://a/"},
                                                               {"../../g", "http://a/g"},
                                                               {"../../../g", "http://a/g"},
                                                               {"/./g", "http://a/g"},
                                                               {"/../g", "http://a/g"},
                                                               {"g.", "http://a/b/c/g."},
                                                               {"..g", "http://a/b/c/..g"},
                                                               {"./../g", "http://a/b/g"},
                                                               {"./g/.", "http://a/b/c/g/"},
                                                               {"g/./h", "http://a/b/c/g/h"},
                                                               {"g/../h", "http://a/b/c/h"},
                                                               {"g;x=1/../y", "http://a/b/c/y"},
                                                               {"g?y/../x", "http://a/b/c/g?y/../x"},
                                                               {"g#s/../x", "http://a/b/c/g#s/../x"}};
  for (const auto& [reference, expected] : kExamples)
    EXPECT_EQ(resolve_uri(kBase, reference), expected) << reference;
}

TEST(UriTest, OtherBases) {
  EXPECT_EQ(resolve_uri("", "#a"), "#a");
  EXPECT_EQ(resolve_uri("", "item.json"), "item.json");
  EXPECT_EQ(resolve_uri("folder/root.json", "item.json#x"), "folder/item.json#x");
  EXPECT_EQ(resolve_uri("http://host", "item"), "http://host/item");
  EXPECT_EQ(resolve_uri("urn:uuid:deadbeef", "#/$defs/a"), "urn:uuid:deadbeef#/$defs/a");
}

TEST(UriTest, FragmentsLoseTheirEscapes) {
  const Reference reference = resolve_reference("http://a/b#old", "#/a%25b/%C3%BC%zz%");
  EXPECT_EQ(reference.resource, "http://a/b");
  EXPECT_EQ(reference.fragment, "/a%b/ü%zz%");
  EXPECT_EQ(resolve_reference("", "#").fragment, "");
}

}  // namespace
}  // namespace mcp::schema
