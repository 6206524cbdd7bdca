// A thousand edits of the configuration at random while clients call.
#include <cstdlib>
#include <filesystem>
#include <set>

#include "tests/gateway/host/edited_file.h"
#include "tests/gateway/host/file_reload_fixture.h"
#include "tests/support/processes.h"

namespace gateway {
namespace {

using std::chrono::milliseconds;

constexpr int kEdits = 1000;
constexpr std::size_t kRemotes = 3;
constexpr std::size_t kClients = 4;
constexpr std::size_t kCallsInFlight = 12;
constexpr const char* kDenied = "denied";
constexpr const char* kAway = "away";

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::size_t open_sockets() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone).string().starts_with("socket:")) ++count;
  }
  return count;
}

class ReloadEditsTest : public FileReloadTest {
 protected:
  /// A server by its name, at one moment.
  struct Seen {
    std::string connection;  // and the instance of its environment
    std::shared_ptr<Runtime> runtime;
    std::optional<pid_t> pid;
  };
  using Snapshot = std::map<std::string, Seen>;

  struct Call {
    Client* client;
    int id;
    std::string server, text;
    std::size_t sent;  // the moment, see history_
  };

  ReloadEditsTest() : dice_(seed_) {
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < kRemotes; ++i) {
      auto& web = add_server({"echo"});
      web.answer = [i](const json& request) -> std::optional<json> {
        if (request["method"] != "tools/call") return std::nullopt;
        const std::string text = "r" + std::to_string(i) + " " + request["params"]["arguments"]["text"].get<std::string>();
        return json{{"content", {{{"type", "text"}, {"text", text}}}}};
      };
      urls.push_back(web.url());
      marks_["@URL" + std::to_string(i) + "@"] = web.url();
    }
    file_ = std::make_unique<EditedFile>(seed_, std::move(urls));
    dependencies_.retire_grace = std::chrono::seconds(60);
    quiet_ = milliseconds(1);
  }

  bool devbox() const {
    const auto state = watched_->states().find("devbox");
    return state != watched_->states().end() && state->second.available;
  }

  std::uint64_t instance() const { return watched_->states().at("devbox").instance; }

  bool runs(const EditedServer& server) const { return server.enabled && !server.broken && (!server.bound || devbox()); }

  Snapshot snapshot() {
    Snapshot all;
    for (const EditedServer& server : file_->servers()) {
      if (!runs(server)) continue;
      const std::string where = server.bound ? "@" + std::to_string(instance()) : "";
      all[server.name] = {server.connection() + where, runtime(server.name), pid(server.name)};
    }
    return all;
  }

  /// What a call of each server may answer from here on: the word its tool says, or why it has none.
  void remember() {
    std::map<std::string, std::string> now;
    for (const EditedServer& server : file_->servers()) {
      now[server.name] = !runs(server)        ? kAway
                         : server.denied()    ? kDenied
                         : server.remote >= 0 ? "r" + std::to_string(server.remote)
                                              : "g" + std::to_string(server.generation);
    }
    history_.push_back(std::move(now));
  }

  std::set<std::string> expected(const Call& call) const {
    std::set<std::string> words;
    for (std::size_t moment = call.sent; moment < history_.size(); ++moment) {
      const auto found = history_[moment].find(call.server);
      words.insert(found == history_[moment].end() ? kAway : found->second);
    }
    return words;
  }

  void begin_calls() {
    while (calls_.size() < kCallsInFlight) {
      Client& client = *clients_[dice_.below(kClients)];
      const std::string server = dice_.pick(file_->servers()).name;
      const std::string text = std::to_string(++sent_);
      const int id = client.begin_call(server + "__echo", text);
      calls_.push_back({&client, id, server, text, history_.size() - 1});
    }
  }

  static bool is_typed_error(const json& answer) {
    if (answer.contains("error")) return answer["error"].contains("data") && answer["error"]["data"].contains("reason");
    const json& result = answer["result"];
    return result.value("isError", false) && result.contains("_meta") && result["_meta"].contains("switchyard/error");
  }

  void check_answers() {
    std::erase_if(calls_, [&](const Call& call) {
      const auto answer = call.client->answers->find(call.id);
      if (answer == call.client->answers->end()) return false;
      ++answered_;
      const std::string said = Client::text_of(answer->second);
      const auto words = expected(call);
      const bool fits = std::ranges::any_of(words, [&](const std::string& word) { return said == word + " " + call.text; });
      const bool may_fail = words.contains(kAway) || words.contains(kDenied);
      EXPECT_TRUE(fits || (may_fail && (is_typed_error(answer->second) || answer->second.contains("error"))))
          << call.server << " " << call.text << ": " << answer->second.dump() << "\nexpected one of "
          << testing::PrintToString(words);
      call.client->answers->erase(answer);
      return true;
    });
  }

  /// Some of what there is to do, without waiting for all of it.
  void run_a_little() {
    loop_.restart();
    for (std::size_t turns = 3 + dice_.below(20); turns > 0; --turns)
      loop_.run_one_for(milliseconds(1));
    check_answers();
    begin_calls();
  }

  /// Those whose connection is what it was go on as they were.
  void expect_kept(const Snapshot& before) {
    const Snapshot after = snapshot();
    std::map<std::string, Seen> by_connection;
    for (const auto& [name, seen] : before)
      by_connection[seen.connection] = seen;
    for (const auto& [name, now] : after) {
      ASSERT_TRUE(now.runtime) << name << " runs";
      const auto same_name = before.find(name);
      const bool was = same_name != before.end();
      // Under another name it is the same one where nothing else had that name.
      const auto same =
          was ? same_name : std::ranges::find(before, now.connection, [](const auto& one) { return one.second.connection; });
      if (same == before.end() || same->second.connection != now.connection) {
        ++begun_;
        EXPECT_TRUE(!was || same_name->second.runtime != now.runtime) << name << " has another connection";
        continue;
      }
      EXPECT_EQ(now.runtime, same->second.runtime) << name << " was to be kept";
      if (same->second.pid) {
        EXPECT_EQ(now.pid, same->second.pid) << name << " was to be kept";
      }
    }
    EXPECT_EQ(gateway_->runtimes().size(), after.size());
    for (const auto& one : gateway_->runtimes())
      EXPECT_EQ(one->status().restarts, 0) << one->spec().name.str();
  }

  void edit_once(int number) {
    const Snapshot before = snapshot();
    if (dice_.chance(10)) {
      const std::string whole = filled(file_->text());
      const auto refused = reload_file(whole.substr(0, whole.size() - 1 - dice_.below(whole.size() / 2)));
      EXPECT_FALSE(refused) << number;
      return expect_kept(before);
    }
    if (dice_.chance(10)) {
      watched_->announce("devbox", !devbox(), "");
    } else {
      file_->edit();
      const auto done = reload_file(file_->text());
      ASSERT_TRUE(done) << done.error().text();
    }
    remember();
    expect_kept(before);
  }

  /// Everything that anybody can see.
  std::string visible() {
    std::string text;
    for (const auto& profile : {std::string(), std::string("coding")}) {
      const auto table = gateway_->tools(profile);
      for (const ToolRow& row : table->tools)
        text += profile + "/" + row.name + " = " + row.server + "." + row.tool + " " + row.json + "\n";
    }
    for (const auto& one : gateway_->runtimes()) {
      const auto status = one->status();
      text += status.name.str() + " " + std::string(to_string(status.state)) + " " + status.target + " " +
              std::to_string(status.tools) + " " + std::to_string(status.open_calls) + (status.required ? " required" : "") + "\n";
    }
    for (const AbsentServer& absent : gateway_->status().absent)
      text += absent.name.str() + " at " + std::to_string(absent.place) + ": " + absent.why.text() + "\n";
    return text + (gateway_->ready() ? "ready" : "not ready");
  }

  struct Held {
    std::size_t descriptors = 0, sockets = 0, children = 0;
    std::string seen;

    bool operator==(const Held&) const = default;
  };

  /// What the gateway holds when nothing is under way.
  Held held() {
    clients_.clear();
    settle_all();
    mcp::run_until(loop_, [&] { return gateway_->retiring() == 0; });
    // What has ended is let go of within moments.
    Held last;
    for (int same = 0; same < 50; ++same) {
      loop_.restart();
      loop_.run_for(milliseconds(2));
      const std::size_t sockets = open_sockets();
      Held now{mcp::open_descriptors() - sockets, sockets, mcp::child_processes().size(), visible()};
      if (!(now == last)) same = 0;
      last = std::move(now);
    }
    return last;
  }

  const std::uint64_t seed_ = number_from("SWITCHYARD_SEED", 20261128);
  Dice dice_;
  std::unique_ptr<EditedFile> file_;
  std::vector<std::map<std::string, std::string>> history_;  // by moment, then server
  std::vector<Call> calls_;
  std::uint64_t sent_ = 0, answered_ = 0, begun_ = 0;
};

TEST_F(ReloadEditsTest, AThousandEditsUnderLoadCostNoCallAndNoServerThatIsKept) {
  SCOPED_TRACE("SWITCHYARD_SEED=" + std::to_string(seed_));
  ASSERT_NO_FATAL_FAILURE(start_file(file_->text()));
  for (std::size_t i = 0; i < kClients; ++i)
    open();
  remember();
  begun_ = snapshot().size();
  const auto edits = static_cast<int>(number_from("SWITCHYARD_EDITS", kEdits));
  for (int number = 0; number < edits && !HasFailure(); ++number) {
    ASSERT_NO_FATAL_FAILURE(edit_once(number)) << "edit " << number;
    run_a_little();
  }
  while (!calls_.empty()) {
    const auto before = calls_.size();
    mcp::run_until(loop_, [&] {
      return std::ranges::any_of(calls_, [](const Call& call) { return call.client->answers->contains(call.id); });
    });
    check_answers();
    ASSERT_LT(calls_.size(), before);
  }
  EXPECT_EQ(answered_, sent_);
  EXPECT_GE(answered_, static_cast<std::uint64_t>(edits));
  for (const auto& client : clients_)
    EXPECT_LE(client->answers->size(), 1U) << "nothing was answered that was not asked";

  const Held edited = held();
  std::size_t sessions = 0;
  for (const auto& web : servers_)
    sessions += web->count("initialize");
  EXPECT_LE(spawned() + sessions, begun_) << "more was started than connections changed";

  // Another one, on the file as it is in the end.
  const bool was_there = devbox();
  mcp::run_task(loop_, reloader_->stop());
  reloader_.reset();
  watched_->stop();
  mcp::run_task(loop_, gateway_->stop());
  gateway_.reset();
  watched_.reset();
  write(file_->text());
  ASSERT_NO_FATAL_FAILURE(start_file());
  watched_->announce("devbox", was_there, "");
  const Held fresh = held();
  EXPECT_EQ(edited.seen, fresh.seen);
  EXPECT_EQ(edited.children, fresh.children);
  EXPECT_EQ(edited.descriptors, fresh.descriptors);
  // Connections that were kept for more calls at a time than there are now, both of their ends.
  EXPECT_LE(edited.sockets, fresh.sockets + 2 * kCallsInFlight);
  RecordProperty("calls", std::to_string(answered_));
  RecordProperty("begun", std::to_string(begun_));
}

}  // namespace
}  // namespace gateway
