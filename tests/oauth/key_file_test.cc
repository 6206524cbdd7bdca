#include "oauth/key_file.h"

#include <sys/stat.h>

#include <set>
#include <thread>

#include "tests/oauth/store_fixture.h"

namespace oauth {
namespace {

using testing::HasSubstr;

class KeyFileTest : public StoreTest {
 protected:
  KeyFile key_file() { return {private_folder_, {}, std::nullopt}; }

  /// What it says of a file with that text in it.
  std::string complaint(const std::string& text) {
    std::ofstream(path_ + "/key") << text;
    const auto found = key_file().find();
    EXPECT_FALSE(found) << text;
    return found ? "" : found.error().text();
  }

  PrivateFolder private_folder_{path_};
};

TEST_F(KeyFileTest, IsMadeOnceAndOnlyWhenItIsNeeded) {
  EXPECT_FALSE(*key_file().find());
  EXPECT_FALSE(std::filesystem::exists(path_));
  const auto made = key_file().find_or_make();
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(key_file().find_or_make()->hex(), made->hex());
  EXPECT_EQ((*key_file().find())->hex(), made->hex());
  struct stat status{};
  ASSERT_EQ(::stat((path_ + "/key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(KeyFileTest, WhoeverIsFirstMakesItForAll) {
  for (int round = 0; round < 20; ++round) {
    std::filesystem::remove_all(path_);
    std::mutex mutex;
    std::set<std::string> keys;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          PrivateFolder folder(path_);
          const auto key = KeyFile(folder, {}, std::nullopt).find_or_make();
          ASSERT_TRUE(key) << key.error().text();
          const std::lock_guard lock(mutex);
          keys.insert(key->hex());
        });
      }
    }
    EXPECT_EQ(keys.size(), 1U);
    EXPECT_EQ(files_in(path_).size(), 1U);
  }
}

TEST_F(KeyFileTest, OneThatIsNoKeyIsRefusedAndLeft) {
  ASSERT_TRUE(key_file().find_or_make());
  for (const std::string& text : {std::string(), std::string("\n"), std::string("switchyard key 1 file abc\n"), std::string("x")}) {
    EXPECT_THAT(complaint(text), HasSubstr(path_ + "/key is damaged"));
    EXPECT_FALSE(key_file().find_or_make());
    EXPECT_EQ(files_in(path_)["key"], text);
  }
  EXPECT_THAT(complaint("switchyard key 1 keyring 0123456789abcdeX\n"), HasSubstr("damaged"));
  EXPECT_THAT(complaint("switchyard key 2 file abc\n"), HasSubstr("later version"));
  EXPECT_THAT(complaint(std::string(10'000, 'x')), HasSubstr("larger"));
}

TEST_F(KeyFileTest, OneThatOthersCanReadIsRefused) {
  ASSERT_TRUE(key_file().find_or_make());
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    ::chmod((path_ + "/key").c_str(), mode);
    const auto found = key_file().find();
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr(path_ + "/key is open to other users"));
    EXPECT_THAT(found.error().remedy, HasSubstr("chmod 600 " + path_ + "/key"));
  }
}

TEST_F(KeyFileTest, NoNewOneWhereRecordsHaveLostTheirs) {
  ASSERT_TRUE(private_folder_.replace("secret-x.sealed", "sealed"));
  const auto made = key_file().find_or_make();
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr(path_ + "/key is missing"));
  EXPECT_EQ(files_in(path_).size(), 1U);
}

}  // namespace
}  // namespace oauth
