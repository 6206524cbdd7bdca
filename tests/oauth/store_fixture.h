#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include "oauth/file_credential_store.h"
#include "tests/support/temp_folder.h"

namespace oauth {

/// A login with something in each member.
inline Credential sample_credential(const std::string& account = "", const std::string& token = "token") {
  using std::chrono::milliseconds;
  Credential credential;
  credential.key = {"https://as.example/tenant", "https://mcp.example/mcp", account};
  credential.server_url = "https://mcp.example/mcp/";
  credential.client = {ClientSource::dynamic,
                       "client-id",
                       "client-secret-" + token,
                       ClientAuthentication::post,
                       "http://127.0.0.1/callback",
                       WallTime(milliseconds(1'900'000'000'123))};
  credential.token_endpoint = "https://as.example/token";
  credential.revocation_endpoint = "https://as.example/revoke";
  credential.login = "login-" + token;
  credential.logged_in = WallTime(milliseconds(1'700'000'000'000));
  credential.generation = 18'000'000'000'000'000'000U;
  credential.access_token = "access-" + token;
  credential.issued = WallTime(milliseconds(1'700'000'000'001));
  credential.expires = WallTime(milliseconds(1'700'003'600'001));
  credential.refresh_token = "refresh-" + token;
  credential.scopes = {"read", "write"};
  credential.asked = {"read", "write", "offline_access"};
  credential.subject = "Zo\u00eb <zoe@example.com>";
  credential.refreshed = WallTime(milliseconds(-5));
  credential.dead = "invalid_grant";
  return credential;
}

/// What was found. Where that failed, the test has, and it is nothing.
template <class T>
std::optional<T> got(mcp::Result<std::optional<T>> result) {
  EXPECT_TRUE(result) << result.error().text();
  return result ? *std::move(result) : std::nullopt;
}

/// All files of a folder, by name.
inline std::map<std::string, std::string> files_in(const std::string& folder) {
  std::map<std::string, std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return files;
}

inline std::size_t leftovers_in(const std::string& folder) {
  const auto files = files_in(folder);
  return static_cast<std::size_t>(
      std::count_if(files.begin(), files.end(), [](const auto& file) { return file.first.starts_with(".new-"); }));
}

/// The only file of a kind in a folder.
inline std::string the_file(const std::string& folder, const std::string& kind) {
  std::string found;
  for (const auto& [name, text] : files_in(folder)) {
    if (!name.starts_with(kind) || !name.ends_with(".sealed")) continue;
    EXPECT_EQ(found, "") << "there are several";
    found = folder;
    found.append("/").append(name);
  }
  return found;
}

/// A store in a folder that is not there yet.
class StoreTest : public testing::Test {
 protected:
  FileStoreOptions options() const {
    FileStoreOptions options;
    options.folder = path_;
    return options;
  }

  std::unique_ptr<CredentialStore> open() const { return open_file_store(options()); }

  mcp::TempFolder folder_;
  const std::string path_ = credentials_folder(folder_.file("state"));
};

}  // namespace oauth
