// Keeps the folders' order: an include may only point downwards. Also keeps heavy package headers out of our headers, and files
// short.

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::size_t kMostLines = 400;

/// The folders of a top folder, lowest first. Folders in one row do not know each other.
using Rows = std::vector<std::vector<std::string_view>>;

const Rows& mcp_rows() {
  static const Rows kRows = {
      {"base"}, {"json"}, {"schema"}, {"types"}, {"rpc"}, {"adapt", "http", "process"}, {"transport"}, {"session"}};
  return kRows;
}

const Rows& gateway_rows() {
  static const Rows kRows = {{"config"},
                             {"import", "upstream"},
                             {"catalog", "inspect"},
                             {"explain", "routing"},
                             {"reload"},
                             {"downstream"},
                             {"admin"},
                             {"host"},
                             {"doctor"},
                             {"cli"}};
  return kRows;
}

const Rows& top_rows() {
  static const Rows kRows = {{"mcp"}, {"oauth", "connectors", "agent"}, {"gateway"}};
  return kRows;
}

std::optional<std::size_t> row_of(const Rows& rows, std::string_view folder) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (std::ranges::find(rows[i], folder) != rows[i].end()) return i;
  }
  return std::nullopt;
}

struct Place {
  std::string top;
  std::string inner;  // empty for a file directly in its top folder
};

Place place_of(const fs::path& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : path) {
    parts.push_back(part.string());
  }
  return {.top = parts.front(), .inner = parts.size() > 2 ? parts[1] : ""};
}

/// What is wrong with going from folder `from` to folder `to`, or "".
std::string check_direction(const Rows& rows, const std::string& from, const std::string& to) {
  if (from == to) return "";
  const auto from_row = row_of(rows, from);
  const auto to_row = row_of(rows, to);
  if (!from_row) return "folder " + from + " has no place in the order: give it one in this test";
  if (!to_row) return "folder " + to + " has no place in the order: give it one in this test";
  if (*to_row < *from_row) return "";
  return from + " must not include " + to;
}

/// What is wrong with `file` (path from the root) including `included` in quotes, or "".
std::string check_include(const std::string& file, const std::string& included) {
  if (included.find("..") != std::string::npos) return "include from the root, not with ..";
  const Place from = place_of(file);
  const Place to = place_of(included);
  if (!row_of(top_rows(), to.top)) return "a quoted include names a file of ours from the root";
  if (std::string problem = check_direction(top_rows(), from.top, to.top); !problem.empty() || from.top != to.top) return problem;
  // A file directly in the top folder joins its parts.
  if (from.inner.empty() || to.inner.empty()) return "";
  if (from.top == "mcp") return check_direction(mcp_rows(), from.inner, to.inner);
  if (from.top == "gateway") return check_direction(gateway_rows(), from.inner, to.inner);
  return "";
}

/// True where a package's header costs seconds wherever it is seen.
bool is_heavy(std::string_view included) {
  constexpr std::array<std::string_view, 5> kHeavy = {"nlohmann/json.hpp", "httplib.h", "boost/beast", "spdlog/", "CLI/"};
  return std::ranges::any_of(kHeavy, [&](std::string_view heavy) { return included.starts_with(heavy); });
}

struct Include {
  std::string name;
  bool quoted = false;
};

std::optional<Include> parse_include(std::string_view line) {
  const auto skip_blanks = [&] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
  skip_blanks();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skip_blanks();
  if (!line.starts_with("include")) return std::nullopt;
  line.remove_prefix(std::string_view("include").size());
  skip_blanks();
  if (line.empty() || (line.front() != '"' && line.front() != '<')) return std::nullopt;
  const bool quoted = line.front() == '"';
  const std::size_t end = line.find(quoted ? '"' : '>', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Include{std::string(line.substr(1, end - 1)), quoted};
}

struct SourceFile {
  std::string path;  // from the root
  std::vector<std::string> lines;

  bool is_header() const { return path.ends_with(".h"); }
};

std::vector<SourceFile> read_sources(const std::vector<std::string>& folders) {
  const fs::path root = SWITCHYARD_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const std::string& folder : folders) {
    if (!fs::exists(root / folder)) continue;
    for (auto at = fs::recursive_directory_iterator(root / folder); at != fs::recursive_directory_iterator(); ++at) {
      if (at->path().filename() == "node_modules") at.disable_recursion_pending();
      const std::string extension = at->path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      SourceFile file{.path = fs::relative(at->path(), root).string(), .lines = {}};
      std::ifstream stream(at->path());
      for (std::string line; std::getline(stream, line);) {
        file.lines.push_back(line);
      }
      files.push_back(std::move(file));
    }
  }
  return files;
}

const std::vector<SourceFile>& program_sources() {
  static const std::vector<SourceFile> kFiles = read_sources({"mcp", "oauth", "connectors", "agent", "gateway"});
  return kFiles;
}

TEST(LayeringTest, RulesTellRightFromWrong) {
  EXPECT_EQ(check_include("gateway/host/gateway.cc", "mcp/base/error.h"), "");
  EXPECT_EQ(check_include("gateway/host/gateway.cc", "gateway/config/config.h"), "");
  EXPECT_EQ(check_include("mcp/rpc/message.h", "mcp/types/protocol_version.h"), "");
  EXPECT_EQ(check_include("mcp/boost_impl.cc", "mcp/base/error.h"), "");
  EXPECT_THAT(check_include("mcp/base/error.cc", "gateway/config/config.h"), HasSubstr("mcp must not include gateway"));
  EXPECT_THAT(check_include("oauth/login.cc", "agent/turn.h"), HasSubstr("oauth must not include agent"));
  EXPECT_THAT(check_include("mcp/base/error.cc", "mcp/json/text.h"), HasSubstr("base must not include json"));
  EXPECT_THAT(check_include("mcp/http/a.cc", "mcp/process/b.h"), HasSubstr("http must not include process"));
  EXPECT_THAT(check_include("gateway/catalog/a.h", "gateway/admin/b.h"), HasSubstr("catalog must not include admin"));
  EXPECT_THAT(check_include("gateway/new_folder/a.h", "gateway/admin/b.h"), HasSubstr("no place in the order"));
  EXPECT_NE(check_include("mcp/base/error.cc", "error.h"), "");
  EXPECT_NE(check_include("mcp/base/error.cc", "../base/error.h"), "");
  EXPECT_NE(check_include("mcp/base/error.cc", "tests/support/pipe.h"), "");
  EXPECT_TRUE(is_heavy("boost/beast/http/message.hpp"));
  EXPECT_FALSE(is_heavy("nlohmann/json_fwd.hpp"));
  EXPECT_EQ(parse_include("  #  include <vector>").value_or(Include{}).name, "vector");
  EXPECT_TRUE(parse_include("#include \"a/b.h\"  // why").value_or(Include{}).quoted);
}

TEST(LayeringTest, IncludesPointDownwards) {
  ASSERT_GT(program_sources().size(), 10U);
  const fs::path root = SWITCHYARD_SOURCE_DIR;
  for (const SourceFile& file : program_sources()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::optional<Include> include = parse_include(file.lines[i]);
      if (!include || !include->quoted) continue;
      const std::string problem = check_include(file.path, include->name);
      EXPECT_EQ(problem, "") << file.path << ":" << i + 1 << ": " << file.lines[i];
      EXPECT_TRUE(fs::exists(root / include->name)) << file.path << ":" << i + 1 << ": no such file: " << include->name;
    }
  }
}

TEST(LayeringTest, HeadersAreLight) {
  for (const SourceFile& file : program_sources()) {
    if (!file.is_header()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::optional<Include> include = parse_include(file.lines[i]);
      EXPECT_FALSE(include && is_heavy(include->name)) << file.path << ":" << i + 1 << ": include it in the .cc: " << file.lines[i];
    }
  }
}

TEST(LayeringTest, HeadersAreGuarded) {
  for (const SourceFile& file : program_sources()) {
    if (!file.is_header()) continue;
    EXPECT_NE(std::ranges::find(file.lines, "#pragma once"), file.lines.end()) << file.path << " lacks #pragma once";
  }
}

TEST(LayeringTest, FilesAreShort) {
  const std::vector<SourceFile> others = read_sources({"tests", "examples", "bench"});
  ASSERT_FALSE(others.empty());
  for (const auto* files : {&program_sources(), &others}) {
    for (const SourceFile& file : *files) {
      EXPECT_LE(file.lines.size(), kMostLines) << file.path << ": split it by responsibility";
    }
  }
}

}  // namespace
