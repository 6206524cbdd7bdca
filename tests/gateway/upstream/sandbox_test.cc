// What programs see and may do in real sandboxes, and what is said of what they may not. Skipped where the system makes no
// sandbox; that a program is refused then is tested everywhere.
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

}  // namespace
}  // namespace gateway
