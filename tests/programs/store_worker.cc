// store_worker FOLDER COMMAND [ARG]...: one process of several on one store of credentials. The record is always the same one.
//
//   increment COUNT   adds to its generation, as often, each time under its lock
//   kill STEP ACTION  does ACTION, and kills itself before the STEP-th call that changes something; else says "done"
//     actions: save TOKEN | remove | client SECRET | secret VALUE
//   read ACTION       says what ACTION is about: the token or secret, "none", or "error TEXT"
//   hold              takes the lock, says "held", and keeps it until its input ends
//   keyring           a record's whole life with the key in the keyring of the session
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "oauth/file_credential_store.h"

namespace {

using mcp::Result;
using oauth::Credential;
using oauth::CredentialKey;
using oauth::CredentialStore;
using oauth::KeyPlace;

const CredentialKey kKey{"https://as.example", "https://mcp.example/mcp", "worker"};
constexpr const char* kName = "NAME";

void say(const std::string& line) {
  printf("%s\n", line.c_str());
  fflush(stdout);
}

[[noreturn]] void die(const std::string& why) {
  say("error " + why);
  exit(1);
}

template <class Value>
Value need(Result<Value> result) {
  if (!result) die(result.error().text());
  if constexpr (!std::is_void_v<Value>) return *std::move(result);
}

std::optional<std::string> variable(std::string_view name) {
  const char* value = getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

oauth::FileStoreOptions options_for(const std::string& folder) {
  oauth::FileStoreOptions options;
  options.folder = folder;
  options.keyring.variable = variable;
  return options;
}

Credential with_token(const std::string& token) {
  Credential credential;
  credential.key = kKey;
  credential.access_token = token;
  credential.refresh_token = "refresh-" + token;
  return credential;
}

std::unique_ptr<oauth::StoreLock> lock(CredentialStore& store) {
  for (;;) {
    if (auto held = need(store.try_lock(kKey))) return held;
    std::this_thread::yield();
  }
}

void increment(CredentialStore& store, int count) {
  for (int i = 0; i < count; ++i) {
    const auto held = lock(store);
    Credential credential = need(store.load(kKey)).value_or(with_token("token"));
    ++credential.generation;
    need(store.save(credential));
  }
}

void act(CredentialStore& store, const std::string& action, const std::string& value) {
  const auto held = lock(store);
  if (action == "save") need(store.save(with_token(value)));
  if (action == "remove") need(store.remove(kKey));
  if (action == "secret") need(store.save_secret(kName, value));
  if (action == "client") {
    oauth::Client client;
    client.secret = value;
    need(store.save_client(kKey.issuer, client));
  }
}

std::string what_is_there(CredentialStore& store, const std::string& action) {
  if (action == "secret") return need(store.load_secret(kName)).value_or("none");
  if (action == "client") {
    const auto client = need(store.load_client(kKey.issuer));
    return client ? client->secret : "none";
  }
  const auto all = need(store.load_all());
  if (!all.unreadable.empty()) die(all.unreadable.front().text());
  const auto credential = need(store.load(kKey));
  if (all.credentials.size() != (credential ? 1U : 0U)) die("load() and load_all() do not agree");
  return credential ? credential->access_token : "none";
}

void live_with_keyring(const std::string& folder) {
  auto options = options_for(folder);
  options.key_place = KeyPlace::keyring;
  const auto store = open_file_store(options);
  need(store->save(with_token("one")));
  if (need(open_file_store(options)->load(kKey)) != with_token("one")) die("the record is another");
  if (!need(move_store_key(options, KeyPlace::file))) die("nothing was moved");
  if (need(open_file_store(options_for(folder))->load(kKey)) != with_token("one")) die("the record is another");
  if (!need(move_store_key(options, KeyPlace::keyring))) die("nothing was moved back");
  if (need(open_file_store(options)->load(kKey)) != with_token("one")) die("the record is another");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv, argv + argc);
  if (argc < 3) return 2;
  const std::string& command = args[2];
  auto options = options_for(args[1]);
  if (command == "kill" && argc > 4) {
    options.before_step = [left = std::stoi(args[3])](std::string_view) mutable {
      if (--left == 0) raise(SIGKILL);
      return 0;
    };
    act(*open_file_store(options), args[4], argc > 5 ? args[5] : "");
    say("done");
    return 0;
  }
  if (command == "keyring") {
    live_with_keyring(args[1]);
    return 0;
  }
  const auto store = open_file_store(options);
  if (command == "increment" && argc > 3) increment(*store, std::stoi(args[3]));
  if (command == "read" && argc > 3) say(what_is_there(*store, args[3]));
  if (command == "hold") {
    const auto held = lock(*store);
    say("held");
    while (getchar() != EOF) {
    }
  }
  return 0;
}
