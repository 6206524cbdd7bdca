#include "oauth/keyring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp/process/run_command.h"
#include "tests/oauth/keyring_fixture.h"
#include "tests/support/programs.h"

namespace oauth {
namespace {

using mcp::ErrorCode;
using testing::HasSubstr;
using testing::Not;

TEST_F(KeyringTest, KeysAreKeptUnderTheirIds) {
  const Keyring keyring(keyring_options());
  const SealingKey key = SealingKey::random(), other = SealingKey::random();
  EXPECT_FALSE(*keyring.find(key.id()));
  ASSERT_TRUE(keyring.store(key));
  ASSERT_TRUE(keyring.store(other));
  EXPECT_EQ((**keyring.find(key.id())).hex(), key.hex());
  EXPECT_EQ((**keyring.find(other.id())).hex(), other.hex());
  ASSERT_TRUE(keyring.remove(key.id()));
  ASSERT_TRUE(keyring.remove(key.id()));
  EXPECT_FALSE(*keyring.find(key.id()));
  EXPECT_TRUE(*keyring.find(other.id()));
  const std::string called = text_of("called");
  EXPECT_THAT(called, HasSubstr("lookup application switchyard key-id " + key.id()));
  EXPECT_THAT(called, Not(HasSubstr(key.hex())));
  EXPECT_THAT(called, Not(HasSubstr("SECRET")));
}

TEST_F(KeyringTest, WithoutASessionBusItSaysSoAndAsksNobody) {
  bus_ = false;
  const auto found = Keyring(keyring_options()).find("0123456789abcdef");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::io_error);
  EXPECT_THAT(found.error().message, HasSubstr("no session bus"));
  EXPECT_THAT(found.error().remedy, HasSubstr("keep the key in a file"));
  EXPECT_EQ(text_of("called"), "");
}

TEST_F(KeyringTest, WithoutTheProgramItSaysWhatToInstall) {
  std::filesystem::remove(folder_.file("bin/secret-tool"));
  auto options = keyring_options();
  options.program = "no-secret-tool";
  const auto stored = Keyring(options).store(SealingKey::random());
  ASSERT_FALSE(stored);
  EXPECT_THAT(stored.error().message, HasSubstr("no-secret-tool"));
  EXPECT_THAT(stored.error().remedy, HasSubstr("apt install libsecret-tools"));
}

TEST_F(KeyringTest, ItsFailuresAreToldWithoutTheKey) {
  const Keyring keyring(keyring_options());
  const SealingKey key = SealingKey::random();
  for (const auto& [mode, said] : std::map<std::string, std::string>{{"locked", "Cannot create an item in a locked collection"},
                                                                     {"tell", "the keyring does not take the key"},
                                                                     {"other", "another thing under the name of the key"},
                                                                     {"crash", "Segmentation fault"}}) {
    folder_.write("mode", mode);
    const auto stored = keyring.store(key);
    ASSERT_FALSE(stored) << mode;
    EXPECT_THAT(stored.error().message, HasSubstr(said));
    EXPECT_THAT(stored.error().text(), Not(HasSubstr(key.hex())));
  }
  folder_.write("mode", "forget");
  EXPECT_FALSE(keyring.store(key));
}

TEST_F(KeyringTest, OneThatHangsIsLeftAlone) {
  folder_.write("mode", "hang");
  auto options = keyring_options();
  options.patience = std::chrono::milliseconds(300);
  const auto found = Keyring(options).find("0123456789abcdef");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("did not answer within"));
  EXPECT_THAT(found.error().remedy, HasSubstr("unlocked"));
}

TEST_F(KeyringTest, AStoreWithItsKeyInTheKeyringHasNoneInItsFolder) {
  const auto store = open_file_store(options_with(KeyPlace::keyring));
  ASSERT_TRUE(store->save(sample_credential()));
  EXPECT_EQ(keys_in_ring(), 1U);
  EXPECT_EQ(got(open_file_store(options_with({}))->load(sample_credential().key)), sample_credential());
  const std::string key = files_in(folder_.file("ring")).begin()->second;
  for (const auto& [name, text] : files_in(path_))
    EXPECT_THAT(text, Not(HasSubstr(key))) << name;
}

TEST_F(KeyringTest, NeverAFileInstead) {
  bus_ = false;
  const auto store = open_file_store(options_with(KeyPlace::keyring));
  const auto saved = store->save(sample_credential());
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error().message, HasSubstr("no session bus"));
  EXPECT_TRUE(files_in(path_).empty());
}

TEST_F(KeyringTest, AKeyThatTheKeyringHasLostIsNamed) {
  const auto store = open_file_store(options_with(KeyPlace::keyring));
  ASSERT_TRUE(store->save(sample_credential()));
  std::filesystem::remove_all(folder_.file("ring"));
  EXPECT_TRUE(store->load_all()) << "it was asked once";
  const auto loaded = open_file_store(options_with({}))->load_all();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("the keyring has no key"));
  EXPECT_THAT(loaded.error().message, HasSubstr(path_ + "/key"));
}

TEST_F(KeyringTest, TheKeyMovesAndTheRecordsStay) {
  const auto store = open_file_store(options_with({}));
  ASSERT_TRUE(store->save(sample_credential()));
  const std::string key = files_in(path_)["key"];
  const std::string record = the_file(path_, "credential");
  const std::string sealed = files_in(path_)[std::filesystem::path(record).filename()];
  EXPECT_EQ(move_store_key(options_with({}), KeyPlace::file), false);
  EXPECT_EQ(move_store_key(options_with({}), KeyPlace::keyring), true);
  EXPECT_EQ(keys_in_ring(), 1U);
  EXPECT_NE(files_in(path_)["key"], key);
  EXPECT_EQ(got(store->load(sample_credential().key)), sample_credential());
  const auto elsewhere = open_file_store(options_with(KeyPlace::file))->load(sample_credential().key);
  ASSERT_FALSE(elsewhere);
  EXPECT_THAT(elsewhere.error().message, HasSubstr("is in the keyring, not in the file"));
  EXPECT_EQ(move_store_key(options_with({}), KeyPlace::file), true);
  EXPECT_EQ(keys_in_ring(), 0U);
  EXPECT_EQ(files_in(path_)["key"], key);
  EXPECT_EQ(files_in(path_)[std::filesystem::path(record).filename()], sealed);
  EXPECT_EQ(got(store->load(sample_credential().key)), sample_credential());
}

TEST_F(KeyringTest, AMoveThatFailsAnywhereLosesNothing) {
  const Credential credential = sample_credential();
  ASSERT_TRUE(open_file_store(options_with({}))->save(credential));
  for (const KeyPlace place : {KeyPlace::keyring, KeyPlace::file}) {
    bool failed = true;
    for (int at = 1; failed; ++at) {
      ASSERT_TRUE(move_store_key(options_with({}), place == KeyPlace::file ? KeyPlace::keyring : KeyPlace::file));
      failed = false;
      auto options = options_with({});
      options.before_step = [&failed, left = at](std::string_view) mutable {
        failed = failed || --left == 0;
        return left == 0 ? ENOSPC : 0;
      };
      const auto moved = move_store_key(options, place);
      EXPECT_TRUE(failed || moved == true);
      EXPECT_EQ(got(open_file_store(options_with({}))->load(credential.key)), credential) << at;
      ASSERT_LT(at, 100);
    }
  }
}

/// With the programs of a real desktop.
TEST_F(KeyringTest, ARealKeyringKeepsIt) {
  for (const char* const program : {"dbus-run-session", "gnome-keyring-daemon", "secret-tool"}) {
    if (!std::filesystem::exists(std::string("/usr/bin/") + program))
      GTEST_SKIP() << "this system has no keyring to test with: there is no " << program;
  }
  std::filesystem::create_directory(folder_.file("run"));
  ::chmod(folder_.file("run").c_str(), 0700);
  mcp::Command command;
  command.program = "dbus-run-session";
  command.args = {"--",
                  "sh",
                  "-c",
                  "printf password | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null && exec \"$@\"",
                  "sh",
                  mcp::program_path("store_worker"),
                  path_,
                  "keyring"};
  command.env = {"PATH=/usr/bin:/bin", "HOME=" + folder_.path(), "XDG_RUNTIME_DIR=" + folder_.file("run")};
  command.patience = std::chrono::seconds(60);
  const auto output = mcp::run_command(command);
  ASSERT_TRUE(output) << output.error().text();
  EXPECT_EQ(output->exit.code, 0) << output->out << output->err;
  EXPECT_THAT(files_in(path_)["key"], testing::StartsWith("switchyard key 1 keyring "));
}

}  // namespace
}  // namespace oauth
