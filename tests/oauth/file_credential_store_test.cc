#include "oauth/file_credential_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include "oauth/find_credentials.h"
#include "oauth/seal.h"
#include "tests/oauth/store_fixture.h"

namespace oauth {
namespace {

namespace fs = std::filesystem;
using mcp::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using FileCredentialStoreTest = StoreTest;

TEST_F(FileCredentialStoreTest, KeepsCredentialsByIssuerResourceAndAccount) {
  const auto store = open();
  EXPECT_EQ(got(store->load(sample_credential().key)), std::nullopt);
  ASSERT_TRUE(store->save(sample_credential()));
  ASSERT_TRUE(store->save(sample_credential("work")));
  auto elsewhere = sample_credential();
  elsewhere.key.issuer += "2";
  elsewhere.server_url = "https://mcp.example/other";
  ASSERT_TRUE(store->save(elsewhere));
  const auto other = open();
  for (const Credential& each : {sample_credential(), sample_credential("work"), elsewhere})
    EXPECT_EQ(got(other->load(each.key)), each);
  EXPECT_EQ(other->load_all()->credentials.size(), 3U);
  auto changed = sample_credential("", "new");
  ASSERT_TRUE(other->save(changed));
  EXPECT_EQ(got(store->load(changed.key)), changed);
  EXPECT_EQ(store->remove(changed.key), true);
  EXPECT_EQ(store->remove(changed.key), false);
  EXPECT_EQ(got(other->load(changed.key)), std::nullopt);
  EXPECT_EQ(other->load_all()->credentials.size(), 2U);
}

TEST_F(FileCredentialStoreTest, PartsOfAKeyAreNotMixed) {
  const auto store = open();
  auto one = sample_credential();
  one.key = {"a", "bc", ""};
  auto other = sample_credential();
  other.key = {"ab", "c", ""};
  ASSERT_TRUE(store->save(one));
  EXPECT_EQ(got(store->load(other.key)), std::nullopt);
}

TEST_F(FileCredentialStoreTest, KeepsClientsAndSecrets) {
  const auto store = open();
  const Client client = sample_credential().client;
  EXPECT_EQ(got(store->load_client("https://as.example")), std::nullopt);
  ASSERT_TRUE(store->save_client("https://as.example", client));
  EXPECT_EQ(got(open()->load_client("https://as.example")), client);
  EXPECT_EQ(got(open()->load_client("https://as.example/")), std::nullopt);
  ASSERT_TRUE(store->remove_client("https://as.example"));
  ASSERT_TRUE(store->remove_client("https://as.example"));
  EXPECT_EQ(got(store->load_client("https://as.example")), std::nullopt);

  EXPECT_THAT(*store->secret_names(), ElementsAre());
  ASSERT_TRUE(store->save_secret("B", "value of b"));
  ASSERT_TRUE(store->save_secret("A", "value of a"));
  EXPECT_THAT(*open()->secret_names(), ElementsAre("A", "B"));
  EXPECT_EQ(got(open()->load_secret("A")), "value of a");
  EXPECT_EQ(got(store->load_secret("C")), std::nullopt);
  EXPECT_EQ(store->remove_secret("A"), true);
  EXPECT_EQ(store->remove_secret("A"), false);
  EXPECT_THAT(*store->secret_names(), ElementsAre("B"));
  EXPECT_TRUE(store->load_all()->credentials.empty());
}

TEST_F(FileCredentialStoreTest, NothingIsWrittenBeforeThereIsSomethingToKeep) {
  const auto store = open();
  EXPECT_TRUE(store->load_all()->credentials.empty());
  EXPECT_TRUE(store->secret_names()->empty());
  EXPECT_EQ(store->remove(sample_credential().key), false);
  EXPECT_FALSE(fs::exists(folder_.file("state")));
}

TEST_F(FileCredentialStoreTest, NothingLiesThereInClearTextOrOpenToOthers) {
  const auto store = open();
  ASSERT_TRUE(store->save(sample_credential()));
  ASSERT_TRUE(store->save_client("https://as.example", sample_credential().client));
  ASSERT_TRUE(store->save_secret("NAME", "value of it"));
  ASSERT_TRUE(store->try_lock(sample_credential().key));
  EXPECT_EQ(files_in(path_).size(), 5U);
  for (const auto& [name, text] : files_in(path_)) {
    for (const char* const secret :
         {"access-token", "refresh-token", "client-secret", "zoe@example.com", "value of it", "as.example"})
      EXPECT_THAT(text, Not(HasSubstr(secret))) << name;
    struct stat status{};
    ASSERT_EQ(::stat((path_ + "/" + name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U) << name;
  }
}

TEST_F(FileCredentialStoreTest, NoRecordIsTakenForAnother) {
  const auto store = open();
  ASSERT_TRUE(store->save(sample_credential("one")));
  const std::string one = the_file(path_, "credential");
  ASSERT_TRUE(store->save_client("https://as.example", sample_credential().client));
  const std::string client = the_file(path_, "client");
  ASSERT_TRUE(store->save(sample_credential("two")));
  std::string two;
  for (const auto& [name, text] : files_in(path_)) {
    const std::string file = path_ + "/" + name;
    if (name.starts_with("credential") && file != one) two = file;
  }
  fs::copy_file(one, two, fs::copy_options::overwrite_existing);
  const auto swapped = store->load(sample_credential("two").key);
  ASSERT_FALSE(swapped);
  EXPECT_THAT(swapped.error().message, HasSubstr(two));
  fs::copy_file(client, two, fs::copy_options::overwrite_existing);
  EXPECT_FALSE(store->load(sample_credential("two").key));
  const auto all = store->load_all();
  ASSERT_TRUE(all);
  EXPECT_THAT(all->credentials, ElementsAre(sample_credential("one")));
  EXPECT_EQ(all->unreadable.size(), 1U);
}

TEST_F(FileCredentialStoreTest, WhatCannotBeReadIsToldAndStays) {
  const auto store = open();
  ASSERT_TRUE(store->save(sample_credential("bad")));
  const std::string file = the_file(path_, "credential");
  const std::string name = fs::path(file).filename();
  ASSERT_TRUE(store->save(sample_credential("good")));
  const std::string sound = files_in(path_)[name];
  std::string later = sound, damaged = sound;
  later[7] = 2;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  const std::map<std::string, std::string> cases = {{"", "none of switchyard's"},
                                                    {"text", "none of switchyard's"},
                                                    {later, "later version"},
                                                    {damaged, "damaged"},
                                                    {sound.substr(0, 20), "damaged"},
                                                    {std::string(2'000'000, 'x'), "larger"}};
  for (const auto& [text, said] : cases) {
    std::ofstream(file, std::ios::binary) << text;
    const auto all = store->load_all();
    ASSERT_TRUE(all) << all.error().text();
    EXPECT_THAT(all->credentials, ElementsAre(sample_credential("good")));
    ASSERT_EQ(all->unreadable.size(), 1U);
    EXPECT_EQ(all->unreadable[0].code, ErrorCode::io_error);
    EXPECT_THAT(all->unreadable[0].message, HasSubstr(file));
    EXPECT_THAT(all->unreadable[0].message, HasSubstr(said));
    EXPECT_FALSE(all->unreadable[0].remedy.empty());
    EXPECT_FALSE(store->load(sample_credential("bad").key));
    EXPECT_EQ(files_in(path_)[name], text);
  }
  std::ofstream(file, std::ios::binary) << sound;
  EXPECT_EQ(got(store->load(sample_credential("bad").key)), sample_credential("bad"));
}

TEST_F(FileCredentialStoreTest, AnotherKeyIsToldAndTheRightOneMayComeBack) {
  const auto store = open();
  ASSERT_TRUE(store->save(sample_credential()));
  const std::string key = files_in(path_)["key"];
  std::ofstream(path_ + "/key") << "switchyard key 1 file " << SealingKey::random().hex() << "\n";
  const auto loaded = store->load(sample_credential().key);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr(the_file(path_, "credential") + " is sealed with another key than"));
  EXPECT_THAT(loaded.error().message, HasSubstr(path_ + "/key"));
  fs::remove(path_ + "/key");
  EXPECT_THAT(store->load_all().error().message, HasSubstr(path_ + "/key is missing"));
  EXPECT_FALSE(store->save(sample_credential("another")));
  std::ofstream(path_ + "/key") << key;
  ::chmod((path_ + "/key").c_str(), 0600);
  EXPECT_EQ(got(store->load(sample_credential().key)), sample_credential());
}

TEST_F(FileCredentialStoreTest, RecordsAreBounded) {
  const auto store = open();
  ASSERT_TRUE(store->save_secret("NAME", std::string(1'000'000, 'x')));
  const auto large = store->save_secret("NAME", std::string(1'100'000, 'x'));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::too_large);
  EXPECT_THAT(large.error().message, HasSubstr("the secret NAME"));
  const auto binary = store->save_secret("NAME", "private \xff");
  ASSERT_FALSE(binary);
  EXPECT_EQ(binary.error().code, ErrorCode::invalid_params);
  EXPECT_THAT(binary.error().text(), Not(HasSubstr("private")));
  EXPECT_EQ(got(store->load_secret("NAME"))->size(), 1'000'000U);
}

TEST_F(FileCredentialStoreTest, ALockedLoginNamesItsHolder) {
  const auto store = open();
  const CredentialKey key = sample_credential().key;
  auto held = store->try_lock(key);
  ASSERT_TRUE(held && *held);
  EXPECT_EQ(*open()->try_lock(key), nullptr);
  EXPECT_NE(*open()->try_lock(sample_credential("another").key), nullptr);
  const auto error = store->locked(key);
  EXPECT_EQ(error.code, ErrorCode::io_error);
  EXPECT_THAT(error.message, HasSubstr(path_ + "/credential-"));
  EXPECT_THAT(error.message, HasSubstr(".lock is locked by process " + std::to_string(::getpid())));
  held->reset();
  EXPECT_THAT(store->locked(key).message, HasSubstr("another process"));
}

TEST_F(FileCredentialStoreTest, TheLoginsOfAServerComeNewestFirst) {
  const auto store = open();
  const auto at = [](int seconds) { return WallTime(std::chrono::seconds(seconds)); };
  auto old = sample_credential();
  old.key.issuer = "https://old.example";
  old.logged_in = at(100);
  old.issued = at(900);
  auto moved = sample_credential();
  moved.key.issuer = "https://new.example";
  moved.logged_in = at(200);
  auto undated = sample_credential();
  undated.key.issuer = "https://undated.example";
  undated.logged_in.reset();
  undated.issued = at(150);
  auto other_server = sample_credential();
  other_server.key.resource = "https://mcp.example/other";
  other_server.server_url = "https://mcp.example/other";
  for (const Credential& each : {old, moved, undated, other_server, sample_credential("work")})
    ASSERT_TRUE(store->save(each));
  EXPECT_THAT(find_credentials(*store, old.server_url, "")->credentials, ElementsAre(moved, undated, old));
  EXPECT_THAT(find_credentials(*store, old.server_url, "work")->credentials, ElementsAre(sample_credential("work")));
  EXPECT_TRUE(find_credentials(*store, "https://mcp.example/mcp", "")->credentials.empty());
}

/// With every call that changes something failing in turn.
TEST_F(FileCredentialStoreTest, AFailureAtAnyStepKeepsTheOldRecord) {
  const Credential before = sample_credential("", "old"), after = sample_credential("", "new");
  for (int at = 1;; ++at) {
    ASSERT_TRUE(open()->save(before));
    auto failing = options();
    failing.before_step = [left = at](std::string_view) mutable { return --left == 0 ? ENOSPC : 0; };
    const auto saved = open_file_store(failing)->save(after);
    const auto found = open()->load(before.key);
    ASSERT_TRUE(found && *found);
    if (saved) {
      EXPECT_EQ(**found, after);
      break;
    }
    EXPECT_TRUE(**found == before || **found == after);
    EXPECT_THAT(saved.error().remedy, HasSubstr("Make room"));
    EXPECT_THAT(saved.error().text(), Not(HasSubstr("-new")));
    EXPECT_EQ(leftovers_in(path_), 0U);
    ASSERT_LT(at, 100);
  }
}

}  // namespace
}  // namespace oauth
