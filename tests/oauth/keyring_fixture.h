#pragma once

#include <sys/stat.h>

#include <string>

#include "tests/oauth/store_fixture.h"

namespace oauth {

/// A keyring as a program that is not secret-tool: `store`, `lookup` and `clear` of files in HOME/ring. The file HOME/mode says how
/// it fails. Keeps what it was called with in HOME/called.
class KeyringTest : public StoreTest {
 protected:
  KeyringTest() {
    std::filesystem::create_directory(folder_.file("ring"));
    std::filesystem::create_directory(folder_.file("bin"));
    folder_.write("bin/secret-tool", R"sh(#!/bin/sh
{ echo "$@"; env; } >>"$HOME/called"
verb=$1
shift
[ "$verb" = store ] && shift
file="$HOME/ring/$4"
mode=
[ ! -e "$HOME/mode" ] || mode=$(cat "$HOME/mode")
case "$mode" in
  hang) sleep 1000 ;;
  locked) echo "secret-tool: Cannot create an item in a locked collection" >&2; exit 1 ;;
  tell) echo "secret-tool: bad secret $(cat)" >&2; exit 1 ;;
  other) echo 0000; exit 0 ;;
  forget) exit 0 ;;
  crash) kill -SEGV $$ ;;
esac
case "$verb" in
  store) cat >"$file" ;;
  lookup) [ -e "$file" ] && cat "$file" ;;
  clear) rm -f "$file" ;;
esac
)sh");
    ::chmod(folder_.file("bin/secret-tool").c_str(), 0700);
  }

  KeyringOptions keyring_options() const {
    KeyringOptions options;
    options.variable = [this](std::string_view name) { return variable(name); };
    return options;
  }

  FileStoreOptions options_with(std::optional<KeyPlace> place) const {
    FileStoreOptions with = options();
    with.key_place = place;
    with.keyring = keyring_options();
    return with;
  }

  std::optional<std::string> variable(std::string_view name) const {
    if (name == "PATH") return folder_.file("bin") + ":/usr/bin:/bin";
    if (name == "HOME") return folder_.path();
    if (name == "DBUS_SESSION_BUS_ADDRESS" && bus_) return "unix:path=/nowhere";
    if (name == "SECRET") return "not to be handed on";
    return std::nullopt;
  }

  std::size_t keys_in_ring() const { return files_in(folder_.file("ring")).size(); }

  std::string text_of(const std::string& name) const { return files_in(folder_.path())[name]; }

  bool bus_ = true;
};

}  // namespace oauth
