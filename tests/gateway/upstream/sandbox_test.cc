// What programs see and may do in real sandboxes, and what is said of what they may not. Skipped where the system makes no
// sandbox; that a program is refused then is tested everywhere.
#include <pwd.h>

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

#include "tests/gateway/upstream/sandbox_fixture.h"

namespace gateway {
namespace {

namespace fs = std::filesystem;
using mcp::ErrorCode;
using mcp::run_task;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(SandboxTest, WithoutOneAProgramRunsAsItIs) {
  EXPECT_EQ(said_by("cat \"$HOME/.ssh/id\"; echo $PPID >/dev/null; ls /proc/1/comm", {}), "a key/proc/1/comm\n");
}

TEST_F(SandboxTest, WithoutBubblewrapTheProgramIsRefused) {
  variables_["PATH"] = "/nowhere";
  auto child = child_of("/bin/true", {}, {.level = SandboxLevel::standard});
  const auto started = launch(std::move(child));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::sandbox_unavailable);
  EXPECT_THAT(started.error().message, HasSubstr("bubblewrap"));
  EXPECT_THAT(started.error().remedy, HasSubstr("Install"));
  EXPECT_EQ(launcher_->spawned(), 0U);
}

/// A bwrap that says what the real one says, and does not run what it is given.
TEST_F(SandboxTest, WhereNamespacesAreForbiddenTheProgramIsRefused) {
  fs::create_directories(folder_ + "/bin");
  write(folder_ + "/bin/bwrap", "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n");
  chmod((folder_ + "/bin/bwrap").c_str(), 0755);
  variables_["PATH"] = folder_ + "/bin:/usr/bin:/bin";
  const auto error = error_of({.level = SandboxLevel::standard});
  EXPECT_EQ(error.code, ErrorCode::sandbox_unavailable);
  EXPECT_THAT(error.message, HasSubstr("No permissions to create new namespace"));
  EXPECT_THAT(error.message, HasSubstr("'sh'"));
  EXPECT_THAT(error.remedy, HasSubstr("unprivileged_userns_clone"));
}

TEST_F(SandboxTest, WhatRunsOutsideHasNothingOfTheProgramsEnvironment) {
  fs::create_directories(folder_ + "/bin");
  write(folder_ + "/bin/bwrap", "#!/bin/sh\n/usr/bin/env >&2\nexit 1\n");
  chmod((folder_ + "/bin/bwrap").c_str(), 0755);
  variables_["PATH"] = folder_ + "/bin:/usr/bin:/bin";
  env_ = {{"LD_LIBRARY_PATH", "/srv/planted"}, {"TOKEN", "a-token"}, {"PATH", "/srv/planted-too:/usr/bin:/bin"}};
  const auto error = error_of({.level = SandboxLevel::standard});
  EXPECT_THAT(error.message, HasSubstr("PATH=/usr/bin:/bin")) << "what it said is what it has";
  EXPECT_THAT(error.message, testing::AllOf(Not(HasSubstr("planted")), Not(HasSubstr("a-token")), Not(HasSubstr("HOME="))));
}

TEST_F(RealSandboxTest, TheProgramHasItsOwnEnvironment) {
  env_ = {{"LD_LIBRARY_PATH", "/srv/own"}, {"TOKEN", "a token\nof two lines"}, {"EMPTY", ""}, {"PWD", "/nowhere"}};
  cwd_ = folder_ + "/data";
  auto child = launch(child_of("env", {}, kStandard));
  ASSERT_TRUE(child) << child.error().text();
  const std::string said = "\n" + run_task(loop_, read_all((*child)->stdout_pipe()));
  for (const std::string& line : {std::string("LD_LIBRARY_PATH=/srv/own"),
                                  std::string("TOKEN=a token\nof two lines"),
                                  std::string("EMPTY="),
                                  "HOME=" + home(),
                                  "PWD=" + folder_ + "/data"})
    EXPECT_THAT(said, HasSubstr("\n" + line + "\n"));
  EXPECT_THAT(said_by("cat /proc/1/environ /proc/1/cmdline", kStandard),
              testing::AllOf(HasSubstr("bwrap"), Not(HasSubstr("of two lines"))));
  EXPECT_EQ(said_by("ls /proc/self/fd | head -4 | tr '\\n' ' '", kStandard), "0 1 2 3 ") << "3 is what ls opens itself";
}

TEST_F(SandboxTest, ABubblewrapThatRunsNothingIsNoStart) {
  fs::create_directories(folder_ + "/bin");
  write(folder_ + "/bin/bwrap", "#!/bin/sh\nexit 0\n");
  chmod((folder_ + "/bin/bwrap").c_str(), 0755);
  variables_["PATH"] = folder_ + "/bin:/usr/bin:/bin";
  EXPECT_EQ(error_of({.level = SandboxLevel::strict}).code, ErrorCode::sandbox_unavailable);
}

TEST_F(SandboxTest, WithoutOurOwnPartTheProgramIsRefused) {
  fs::copy_file(mcp::program_path("switchyard-guardian"), folder_ + "/switchyard-guardian");
  launcher_ = mcp::make_process_launcher({.guardian = folder_ + "/switchyard-guardian"});
  variables_["PATH"] = folder_ + "/bin:/usr/bin:/bin";
  fs::create_directories(folder_ + "/bin");
  write(folder_ + "/bin/bwrap", "#!/bin/sh\n");
  chmod((folder_ + "/bin/bwrap").c_str(), 0755);
  const auto error = error_of({.level = SandboxLevel::standard});
  EXPECT_EQ(error.code, ErrorCode::sandbox_unavailable);
  EXPECT_THAT(error.message, HasSubstr("switchyard-confine"));
}

TEST_F(RealSandboxTest, APathThatIsNotThereIsNamed) {
  const auto error = error_of({.level = SandboxLevel::standard, .write = {folder_ + "/missing"}});
  EXPECT_EQ(error.code, ErrorCode::sandbox_unavailable);
  EXPECT_THAT(error.message, HasSubstr(folder_ + "/missing, which \"sandbox\".\"write\" names, does not exist"));
}

TEST_F(RealSandboxTest, AProgramThatIsNotThereIsSpawnFailed) {
  const auto started = launch(child_of("no-such-program", {}, kStandard));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::spawn_failed);
  EXPECT_THAT(started.error().message, HasSubstr("'no-such-program'"));
}

TEST_F(RealSandboxTest, StandardShowsTheSystemReadOnly) {
  const std::string file = folder_ + "/data/file";
  EXPECT_EQ(said_by("cat " + file, kStandard), "data");
  EXPECT_THAT(said_by("echo x >" + file, kStandard), HasSubstr("Read-only file system"));
  EXPECT_THAT(denied_, ElementsAre("writing " + file));
  EXPECT_THAT(said_by("echo x >" + file + "; echo no", kStandard), HasSubstr("no"));
  std::ifstream still(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(still), {}), "data");
}

TEST_F(RealSandboxTest, StandardHidesSecrets) {
  EXPECT_THAT(said_by("ls \"$HOME\"/.ssh", kStandard), HasSubstr("ermission denied"));
  EXPECT_THAT(said_by("cat \"$HOME\"/.netrc", kStandard), HasSubstr("ermission denied"));
  EXPECT_THAT(said_by("cat " + folder_ + "/switchyard.json", kStandard), HasSubstr("ermission denied"));
  EXPECT_EQ(said_by("ls " + folder_ + "/state", kStandard), "sandbox\n") << "there is the server's own folder";
  EXPECT_THAT(said_by("cat \"$HOME\"/.ssh/id \"$HOME\"/.netrc " + folder_ + "/state/gateway.json", kStandard),
              testing::AllOf(Not(HasSubstr("a key")), Not(HasSubstr("a password")), Not(HasSubstr("a token"))));
  EXPECT_EQ(said_by("cat \"$HOME\"/notes", kStandard), "notes");
}

TEST_F(RealSandboxTest, SecretsThatAreListedAreSeen) {
  EXPECT_EQ(said_by("cat \"$HOME\"/.ssh/id", {.level = SandboxLevel::standard, .read = {home() + "/.ssh"}}), "a key");
  EXPECT_EQ(said_by("cat \"$HOME\"/.ssh/id", {.level = SandboxLevel::standard, .read = {home() + "/.ssh/id"}}), "a key");
  EXPECT_THAT(said_by("cat \"$HOME\"/.ssh/id", {.level = SandboxLevel::standard, .write = {home()}}), HasSubstr("ermission denied"))
      << "a folder that holds them is not their name";
  EXPECT_THAT(said_by("cat \"$HOME\"/.ssh/id", {.level = SandboxLevel::strict, .write = {home()}}), HasSubstr("ermission denied"));
}

TEST_F(RealSandboxTest, WritesWhereItMay) {
  const SandboxSpec sandbox{.level = SandboxLevel::standard, .write = {folder_ + "/data"}};
  EXPECT_EQ(said_by("cd " + folder_ + "/data && echo new >file && mkdir deeper && mv file deeper/ && cat deeper/file", sandbox),
            "new\n");
  EXPECT_TRUE(fs::exists(folder_ + "/data/deeper/file"));
  EXPECT_THAT(denied_, ElementsAre());
}

TEST_F(RealSandboxTest, ALinkLeadsNowhereElse) {
  fs::create_symlink(home() + "/.ssh", folder_ + "/data/keys");
  fs::create_symlink(folder_ + "/data", folder_ + "/link");
  const SandboxSpec sandbox{.level = SandboxLevel::strict, .write = {folder_ + "/link"}, .network = false};
  EXPECT_EQ(said_by("cat " + folder_ + "/link/file " + folder_ + "/data/file", sandbox), "datadata");
  EXPECT_THAT(said_by("cat " + folder_ + "/data/keys/id", sandbox), Not(HasSubstr("a key")));
}

TEST_F(RealSandboxTest, HasATmpOfItsOwn) {
  const std::string mark = "/tmp/switchyard-sandbox-" + std::to_string(getpid());
  write(mark, "outside");
  EXPECT_EQ(said_by("ls -A /tmp; echo x >/tmp/y && cat /tmp/y; echo $TMPDIR", kStandard), "x\n/tmp\n");
  fs::remove(mark);
  EXPECT_FALSE(fs::exists("/tmp/y"));
}

TEST_F(RealSandboxTest, KeepsWhatTheServerDownloads) {
  const std::string script =
      "mkdir -p \"$XDG_CACHE_HOME\" \"$npm_config_cache\" && ls \"$npm_config_cache\"; echo x >\"$npm_config_cache\"/kept";
  EXPECT_EQ(said_by(script, kStandard), "");
  EXPECT_EQ(said_by(script, kStrict), "kept\n");
  EXPECT_EQ(
      said_by("echo x >\"$XDG_CACHE_HOME\"/y && mkdir -p \"$UV_TOOL_DIR\" \"$UV_PYTHON_INSTALL_DIR\" && echo made", kStandard),
      "made\n");
  spec_.name = ServerName("../other");
  EXPECT_EQ(said_by(script, kStandard), "") << "another server has another";
  EXPECT_TRUE(fs::exists(folder_ + "/state/sandbox/server-box/cache/npm/kept"));
  EXPECT_EQ(fs::status(folder_ + "/state/sandbox").permissions(), fs::perms::owner_all);
}

TEST_F(RealSandboxTest, StrictShowsTheProgramAndTheSystemAlone) {
  EXPECT_THAT(said_by("cat " + folder_ + "/data/file", kStrict), HasSubstr("No such file"));
  EXPECT_EQ(said_by("ls -A \"$HOME\"; pwd; echo x >\"$HOME\"/f && cat \"$HOME\"/f", kStrict),
            fs::path(home() + "/state").parent_path().string() + "\nx\n");
  EXPECT_THAT(said_by("ls /", kStrict), Not(HasSubstr("boot")));
  EXPECT_EQ(said_by("cat " + folder_ + "/data/file; cat /etc/hosts >/dev/null && echo hosts",
                    {.level = SandboxLevel::strict, .read = {folder_ + "/data"}, .network = false}),
            "datahosts\n");
}

TEST_F(RealSandboxTest, StrictShowsAScriptItsInterpreterAndItsPackage) {
  fs::create_directories(home() + "/project/lib");
  fs::create_directories(home() + "/tools/bin");
  write(home() + "/project/package.json", "{}");
  write(home() + "/project/lib/main", "cat ../project/lib/other \"$HOME\"/project/lib/other");
  write(home() + "/project/lib/other", "other ");
  fs::create_symlink("/bin/sh", home() + "/tools/bin/interpreter");
  write(home() + "/server", "#!/usr/bin/env interpreter\necho ran");
  chmod((home() + "/server").c_str(), 0755);
  variables_["PATH"] = home() + "/tools/bin:/usr/bin:/bin";
  auto script = launch(child_of(home() + "/server", {}, kStrict));
  ASSERT_TRUE(script) << script.error().text();
  EXPECT_EQ(run_task(loop_, read_all((*script)->stdout_pipe())), "ran\n");
  cwd_ = home() + "/project";
  auto package = launch(child_of("sh", {"lib/main"}, kStrict));
  ASSERT_TRUE(package) << package.error().text();
  EXPECT_EQ(run_task(loop_, read_all((*package)->stdout_pipe())), "other other ");
}

TEST_F(RealSandboxTest, StrictShowsAnInstalledPackageThoseInstalledWithIt) {
  fs::create_directories(home() + "/node_modules/.bin");
  fs::create_directories(home() + "/node_modules/server/dist");
  fs::create_directories(home() + "/node_modules/needed");
  write(home() + "/node_modules/server/package.json", "{}");
  write(home() + "/node_modules/server/dist/main", "#!/bin/sh\ncat \"$HOME\"/node_modules/needed/part; ls \"$HOME\"");
  chmod((home() + "/node_modules/server/dist/main").c_str(), 0755);
  write(home() + "/node_modules/needed/part", "part ");
  fs::create_symlink("../server/dist/main", home() + "/node_modules/.bin/server");
  auto child = launch(child_of(home() + "/node_modules/.bin/server", {}, kStrict));
  ASSERT_TRUE(child) << child.error().text();
  EXPECT_EQ(run_task(loop_, read_all((*child)->stdout_pipe())), "part node_modules\n");
}

TEST_F(RealSandboxTest, WithoutNetworkThereIsNone) {
  const std::string connect = "exec 3<>/dev/tcp/192.0.2.1/9 || echo failed";
  auto child = launch(child_of("bash", {"-c", connect}, {.level = SandboxLevel::standard, .network = false}));
  ASSERT_TRUE(child) << child.error().text();
  EXPECT_EQ(run_task(loop_, read_all((*child)->stdout_pipe())), "failed\n");
  run_task(loop_, (*child)->wait_gone());
  EXPECT_THAT(denied_, ElementsAre("connecting to 192.0.2.1:9"));
  EXPECT_THAT(said_by("cat /proc/net/dev | wc -l", {.level = SandboxLevel::standard, .network = false}), HasSubstr("3"));
}

TEST_F(RealSandboxTest, WhatItsUserMayNotEitherIsNoDenial) {
  // What is not there, what is there already, and what nobody may.
  EXPECT_THAT(
      said_by("rm -f /no/such/file; mkdir -p /usr/bin; cat </dev/null >/dev/null; echo x >/proc/sys/kernel/ostype; echo end",
              kStandard),
      HasSubstr("end"));
  EXPECT_THAT(denied_, ElementsAre());
}

TEST_F(RealSandboxTest, EachDenialIsToldOnce) {
  EXPECT_THAT(said_by("cd " + folder_ + "/data; for i in 1 2 3; do echo x >file; mkdir folder; rm file; done", kStandard),
              HasSubstr("Read-only"));
  EXPECT_THAT(denied_, testing::UnorderedElementsAre("writing " + folder_ + "/data/file", "writing " + folder_ + "/data/folder"));
}

TEST_F(RealSandboxTest, WhatIsReplacedOrNewStaysHidden) {
  fs::create_directories(home() + "/.config/gh");
  write(home() + "/.config/gh/hosts", "a key");
  write(home() + "/.config/plain", "settings");
  auto child = start("exec 2>&1; read _; cat ~/.netrc ~/.ssh/id ~/.config/gh/hosts ~/.config/op/new ~/.pgpass " + folder_ +
                         "/switchyard.json; cat ~/.config/plain ~/notes",
                     kStandard);
  ASSERT_TRUE(child) << child.error().text();
  write(home() + "/next", "a password");
  fs::rename(home() + "/next", home() + "/.netrc");
  write(home() + "/.pgpass", "a password");
  for (const std::string folder : {"/.ssh", "/.config/gh"}) {
    fs::rename(home() + folder, home() + folder + "-old");
    fs::create_directories(home() + folder);
  }
  write(home() + "/.ssh/id", "a key");
  write(home() + "/.config/gh/hosts", "a key");
  fs::create_directories(home() + "/.config/op");
  write(home() + "/.config/op/new", "a key");
  write(folder_ + "/next", "a token");
  fs::rename(folder_ + "/next", folder_ + "/switchyard.json");
  ASSERT_EQ(::write((*child)->stdin_pipe().native_handle(), "\n", 1), 1);
  const std::string said = run_task(loop_, read_all((*child)->stdout_pipe()));
  EXPECT_TRUE(said.ends_with("settingsnotes")) << said;
  EXPECT_THAT(said, testing::AllOf(Not(HasSubstr("a key")), Not(HasSubstr("a password")), Not(HasSubstr("a token"))));
}

TEST_F(RealSandboxTest, AHomeThatIsOpenedIsOtherwiseAsItWas) {
  fs::create_directories(home() + "/.local/bin");
  write(home() + "/.local/bin/tool", "#!/bin/sh\necho ran");
  chmod((home() + "/.local/bin/tool").c_str(), 0755);
  fs::create_symlink(".local/bin", home() + "/bin");
  EXPECT_EQ(said_by("~/bin/tool; readlink ~/bin", kStandard), "ran\n.local/bin\n");
  EXPECT_THAT(said_by("echo x >~/new", kStandard), HasSubstr("Read-only file system"));
  EXPECT_THAT(denied_, ElementsAre("writing " + home() + "/new"));
  EXPECT_EQ(said_by("echo x >~/data && cat ~/data", {.level = SandboxLevel::standard, .write = {home()}}), "x\n");
  EXPECT_TRUE(fs::exists(home() + "/data"));
}

TEST_F(RealSandboxTest, AFolderOfSecretsThatIsALinkHidesThem) {
  fs::create_directories(home() + "/dotfiles/config/gh");
  fs::create_directories(folder_ + "/data/share/keyrings");
  fs::create_directories(home() + "/.local");
  write(home() + "/dotfiles/config/gh/hosts", "a key");
  write(folder_ + "/data/share/keyrings/login", "a key");
  fs::create_symlink("dotfiles/config", home() + "/.config");
  fs::create_symlink(folder_ + "/data/share", home() + "/.local/share");
  EXPECT_THAT(said_by("cat ~/.config/gh/hosts ~/dotfiles/config/gh/hosts ~/.local/share/keyrings/login " + folder_ +
                          "/data/share/keyrings/login",
                      kStandard),
              Not(HasSubstr("a key")));
}

TEST_F(RealSandboxTest, WithoutHomeTheListedOneIsHidden) {
  const passwd* listed = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe)
  if (listed == nullptr || !fs::is_directory(listed->pw_dir) || fs::path(listed->pw_dir) == "/") GTEST_SKIP() << "no home";
  const std::string real = fs::canonical(listed->pw_dir).string();
  const std::string mounts = "cut -d' ' -f5 /proc/self/mountinfo";
  EXPECT_THAT(said_by(mounts, kStandard), testing::AllOf(HasSubstr("\n" + real + "\n"), HasSubstr("\n" + home() + "\n")));
  variables_.erase("HOME");
  EXPECT_THAT(said_by(mounts, kStandard), HasSubstr("\n" + real + "\n"));
}

TEST_F(RealSandboxTest, MayNotWriteWhatTheGatewayReads) {
  fs::create_directories(folder_ + "/etc/deeper");
  fs::create_directories(folder_ + "/settings");
  write(folder_ + "/settings/variables", "A=b");
  fs::create_symlink(folder_ + "/settings", folder_ + "/etc/link");
  write(folder_ + "/etc/switchyard.json",
        R"({"mcpServers": {"other": {"command": "x", "envFile": "link/variables"}}, "listen": "127.0.0.1:0",)"
        R"("access": {"tokens": {"ci": {"file": "../doors/token"}}}})");
  fs::create_directories(folder_ + "/doors");
  write(folder_ + "/doors/token", "0123456789abcdef");
  variables_["SWITCHYARD_WITHIN"] = folder_ + "/etc/switchyard.json";
  variables_["SWITCHYARD_STATE"] = folder_ + "/data/state";
  fs::create_directories(folder_ + "/data/state/deeper");
  for (const std::string place :
       {"", "/etc", "/etc/switchyard.json", "/settings", "/doors", "/data", "/data/state", "/data/state/deeper"}) {
    const auto error = error_of({.level = SandboxLevel::standard, .write = {folder_ + place}});
    EXPECT_EQ(error.code, ErrorCode::sandbox_unavailable) << place << ": " << error.text();
    EXPECT_THAT(error.message, HasSubstr(", which the gateway reads")) << place;
  }
  EXPECT_EQ(said_by("echo ran", {.level = SandboxLevel::standard, .write = {folder_ + "/etc/deeper"}}), "ran\n");
  fs::create_directories(folder_ + "/links");
  fs::create_symlink(folder_ + "/etc/switchyard.json", folder_ + "/links/named.json");
  variables_["SWITCHYARD_CONFIG"] = folder_ + "/links/named.json";
  EXPECT_THAT(error_of({.level = SandboxLevel::standard, .write = {folder_ + "/links"}}).message,
              HasSubstr("which the gateway reads"));
}

TEST_F(RealSandboxTest, APlaceBehindALinkOfAnOpenedFolderIsSeenByBothNames) {
  fs::create_directory_symlink(folder_ + "/data", home() + "/link");
  const SandboxSpec sandbox{.level = SandboxLevel::strict, .read = {home(), home() + "/link/file", "/bin/sh"}, .network = false};
  EXPECT_EQ(said_by("cat ~/link/file " + folder_ + "/data/file ~/notes; ls -A ~ | tr '\\n' ' '", sandbox),
            "datadatanotes.netrc .ssh link notes ");
}

TEST_F(RealSandboxTest, ALinkGivesNoSecret) {
  fs::create_directory_symlink(home() + "/.ssh", folder_ + "/keys");
  const auto error = error_of({.level = SandboxLevel::standard, .read = {folder_ + "/keys"}});
  EXPECT_EQ(error.code, ErrorCode::sandbox_unavailable);
  EXPECT_THAT(error.message, HasSubstr("leads by a link to " + home() + "/.ssh"));
  EXPECT_EQ(said_by("cat ~/.ssh/id", {.level = SandboxLevel::standard, .read = {home() + "/.ssh/"}}), "a key");
}

TEST_F(RealSandboxTest, ALinkThatTheProgramCanMakeIsNotFollowed) {
  fs::create_directory_symlink(home(), folder_ + "/data/link");
  for (const auto& sandbox :
       {SandboxSpec{.level = SandboxLevel::standard, .write = {folder_ + "/data", folder_ + "/data/link"}},
        SandboxSpec{.level = SandboxLevel::strict, .read = {folder_ + "/data/link"}, .write = {folder_ + "/data"}}}) {
    const auto error = error_of(sandbox);
    EXPECT_EQ(error.code, ErrorCode::sandbox_unavailable);
    EXPECT_THAT(error.message, HasSubstr("leads through the link " + folder_ + "/data/link"));
  }
}

TEST_F(RealSandboxTest, StrictFollowsNothingOutOfAWritableFolder) {
  fs::create_directories(folder_ + "/private/bin");
  write(folder_ + "/private/bin/file", "private");
  fs::create_symlink("/bin/sh", folder_ + "/private/bin/interpreter");
  write(folder_ + "/data/server", "#!" + folder_ + "/private/bin/interpreter\n");
  chmod((folder_ + "/data/server").c_str(), 0755);
  auto child = launch(child_of(folder_ + "/data/server", {}, {.level = SandboxLevel::strict, .write = {folder_ + "/data"}}));
  ASSERT_FALSE(child) << "its interpreter is not to be seen";
  write(folder_ + "/private/bin/main", "cat " + folder_ + "/private/bin/file");
  fs::create_symlink(folder_ + "/private/bin/main", folder_ + "/data/script");
  auto script = launch(child_of("sh", {folder_ + "/data/script"}, {.level = SandboxLevel::strict, .write = {folder_ + "/data"}}));
  ASSERT_TRUE(script) << script.error().text();
  EXPECT_EQ(run_task(loop_, read_all((*script)->stdout_pipe())), "");
}

TEST_F(RealSandboxTest, StrictShowsAFileThatIsNamedAndNotItsFolder) {
  fs::create_directories(folder_ + "/documents");
  write(folder_ + "/documents/one", "one");
  write(folder_ + "/documents/other", "other");
  const std::string both = folder_ + "/documents/one";
  auto child = launch(child_of("cat", {both, folder_ + "/documents/other"}, kStrict));
  ASSERT_TRUE(child) << child.error().text();
  EXPECT_EQ(run_task(loop_, read_all((*child)->stdout_pipe())), "one");
  auto secret = launch(child_of("cat", {home() + "/.ssh/id"}, kStrict));
  ASSERT_TRUE(secret) << secret.error().text();
  EXPECT_EQ(run_task(loop_, read_all((*secret)->stdout_pipe())), "");
}

}  // namespace
}  // namespace gateway
