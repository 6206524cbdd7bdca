// Random operations on stores of one folder, compared with maps.

#include <algorithm>
#include <random>

#include "tests/oauth/store_fixture.h"

namespace oauth {
namespace {

class StorePropertyTest : public StoreTest {
 protected:
  void begin(unsigned seed) {
    random_.seed(seed);
    std::filesystem::remove_all(path_);
    stores_.clear();
    for (int i = 0; i < 3; ++i)
      stores_.push_back(open());
    credentials_.clear();
    clients_.clear();
    secrets_.clear();
  }

  void step() {
    switch (below(10)) {
      case 0:
        stores_[below(stores_.size())] = open();
        break;
      case 1:
      case 2:
        save();
        break;
      case 3:
        remove();
        break;
      case 4:
        check_all();
        break;
      case 5:
        change_client();
        break;
      case 6:
        change_secret();
        break;
      case 7:
        fail_to_save();
        break;
      default:
        check_one();
    }
  }

  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

  CredentialStore& any() { return *stores_[below(stores_.size())]; }

  std::string any_text() {
    static const std::vector<std::string> kTexts = {"", "a", "b", "a:b", "/", "..", "\n", "\u00e9", std::string("\0", 1)};
    return kTexts[below(kTexts.size())];
  }

  Credential any_credential() {
    Credential credential = sample_credential(any_text(), std::to_string(below(1000)));
    credential.key.issuer = any_text();
    credential.key.resource = any_text();
    credential.scopes.resize(below(4));
    credential.subject = std::string(below(3000), 'x');
    if (below(2) == 0) credential.expires.reset();
    return credential;
  }

  void save() {
    const Credential credential = any_credential();
    const auto held = any().try_lock(credential.key);
    ASSERT_TRUE(held && *held);
    EXPECT_EQ(*any().try_lock(credential.key), nullptr);
    ASSERT_TRUE(any().save(credential));
    credentials_[credential.key] = credential;
  }

  /// The old record, or none, stays; only what fails after the file is in its place may be there.
  void fail_to_save() {
    const Credential credential = any_credential();
    auto failing = options();
    bool in_place = false;
    failing.before_step = [&, left = 1 + below(14)](std::string_view what) mutable {
      if (--left == 0) return EIO;
      in_place = in_place || what == "rename";
      return 0;
    };
    const auto saved = open_file_store(failing)->save(credential);
    if (in_place) {
      credentials_[credential.key] = credential;
    } else {
      EXPECT_FALSE(saved);
    }
  }

  void remove() {
    const CredentialKey key = some_key();
    EXPECT_EQ(any().remove(key), credentials_.erase(key) > 0);
  }

  CredentialKey some_key() {
    if (credentials_.empty() || below(4) == 0) return any_credential().key;
    return std::next(credentials_.begin(), static_cast<std::ptrdiff_t>(below(credentials_.size())))->first;
  }

  void check_one() {
    const CredentialKey key = some_key();
    const auto found = credentials_.find(key);
    EXPECT_EQ(got(any().load(key)), found == credentials_.end() ? std::nullopt : std::optional(found->second));
  }

  void check_all() {
    auto all = any().load_all();
    ASSERT_TRUE(all) << all.error().text();
    EXPECT_TRUE(all->unreadable.empty());
    std::ranges::sort(all->credentials, {}, &Credential::key);
    std::vector<Credential> expected;
    expected.reserve(credentials_.size());
    for (const auto& [key, credential] : credentials_)
      expected.push_back(credential);
    EXPECT_EQ(all->credentials, expected);
    std::vector<std::string> names;
    names.reserve(secrets_.size());
    for (const auto& [name, value] : secrets_)
      names.push_back(name);
    EXPECT_EQ(any().secret_names(), names);
    EXPECT_EQ(leftovers_in(path_), 0U);
  }

  void change_client() {
    const std::string issuer = any_text();
    Client client = sample_credential().client;
    client.id = std::to_string(below(1000));
    if (below(3) == 0) {
      EXPECT_TRUE(any().remove_client(issuer));
      clients_.erase(issuer);
    } else {
      EXPECT_TRUE(any().save_client(issuer, client));
      clients_[issuer] = client;
    }
    const std::string other = any_text();
    EXPECT_EQ(got(any().load_client(other)), clients_.contains(other) ? std::optional(clients_[other]) : std::nullopt);
  }

  void change_secret() {
    const std::string name = any_text(), value = any_text();
    if (below(3) == 0) {
      EXPECT_EQ(any().remove_secret(name), secrets_.erase(name) > 0);
    } else {
      EXPECT_TRUE(any().save_secret(name, value));
      secrets_[name] = value;
    }
    const std::string other = any_text();
    EXPECT_EQ(got(any().load_secret(other)), secrets_.contains(other) ? std::optional(secrets_[other]) : std::nullopt);
  }

  std::mt19937 random_;
  std::vector<std::unique_ptr<CredentialStore>> stores_;
  std::map<CredentialKey, Credential> credentials_;
  std::map<std::string, Client> clients_;
  std::map<std::string, std::string> secrets_;
};

TEST_F(StorePropertyTest, IsTheMapThatItStandsFor) {
  for (unsigned seed = 1; seed <= 4 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    begin(seed);
    for (int i = 0; i < 120 && !HasFailure(); ++i)
      step();
    check_all();
  }
}

}  // namespace
}  // namespace oauth
