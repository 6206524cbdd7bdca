#include "gateway/doctor/check_installation.h"

#include <sys/resource.h>

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/doctor/check_sandbox.h"
#include "tests/gateway/doctor/checks.h"
#include "tests/support/programs.h"
#include "tests/support/run_task.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

mcp::Result<ProgramOutput> says(const std::string& text, int code = 0) {
  return ProgramOutput{.exit = {.code = code, .signal = {}}, .text = text};
}

struct HelperCase {
  const char* name;
  mcp::Result<ProgramOutput> said;
  const char* shown;
};

TEST(CheckInstallationTest, Helpers) {
  const std::string path = mcp::program_path("switchyard-guardian");
  const HelperCase cases[] = {
      {"the same", says("switchyard-guardian " SWITCHYARD_VERSION "\n"), "ok switchyard-guardian: of the same version"},
      {"another", says("switchyard-guardian 9.9.9\n"), "error switchyard-guardian: "},
      {"an old one", says("", 2), "is of another version than this program"},
      {"one that does not run",
       mcp::fail(mcp::ErrorCode::timeout, "it did not end"),
       "does not run: it did not end | Run: chmod +x "},
  };
  for (const auto& one : cases)
    EXPECT_THAT(shown({check_helper(path, one.said)}), HasSubstr(one.shown)) << one.name;
  EXPECT_THAT(shown({check_helper("/nowhere/switchyard-confine", mcp::fail(mcp::ErrorCode::spawn_failed, "x"))}),
              StartsWith("error switchyard-confine: the program is not in /nowhere | Install Switchyard again"));
}

TEST(CheckInstallationTest, HelpersOfThisBuildAreTaken) {
  boost::asio::io_context loop;
  const auto launcher = mcp::make_process_launcher({.guardian = mcp::program_path("switchyard-guardian")});
  for (const char* name : {"switchyard-guardian", "switchyard-confine"}) {
    mcp::ChildSpec spec;
    spec.command = mcp::program_path(name);
    spec.args = {"--version"};
    const auto said = mcp::run_task(loop, run_program(*launcher, std::move(spec), std::chrono::seconds(60)));
    EXPECT_EQ(check_helper(mcp::program_path(name), said).level, CheckLevel::ok) << name;
  }
}

TEST(CheckInstallationTest, Limits) {
  const SystemLimits fine{.descriptors = 1024, .most_descriptors = 524288, .watches = 65536, .watch_instances = 128};
  EXPECT_EQ(worst(check_limits(fine)), CheckLevel::ok);
  SystemLimits limits = fine;
  limits.most_descriptors = RLIM_INFINITY;
  EXPECT_THAT(shown(check_limits(limits)),
              HasSubstr("ok descriptors: a process may have 1024 open, the gateway raises that to unlimited"));
  limits.most_descriptors = 256;
  EXPECT_THAT(shown(check_limits(limits)), HasSubstr("warning descriptors: "));
  limits = fine;
  limits.watch_error = EMFILE;
  EXPECT_THAT(shown(check_limits(limits)), HasSubstr("warning inotify: files cannot be watched (Too many open files)"));
  EXPECT_TRUE(has_remedies(check_limits(limits)));
  limits = fine;
  limits.watch_instances = 8;
  EXPECT_THAT(shown(check_limits(limits)),
              HasSubstr("note inotify: few files can be watched: max_user_watches 65536, max_user_instances 8"));
}

TEST(CheckInstallationTest, ReadsTheLimitsOfThisProcess) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const SystemLimits limits = read_limits();
  EXPECT_EQ(limits.descriptors, files.rlim_cur);
  EXPECT_TRUE(limits.watches);
}

TEST(CheckInstallationTest, Authorities) {
  const mcp::TempFolder folder;
  const std::string file = folder.write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  const std::string empty = folder.write("empty.pem", "nothing\n");
  EXPECT_THAT(shown({check_authorities({.file = file, .folder = "/nowhere"}, true)}),
              StartsWith("ok certificates: authorities of " + file));
  EXPECT_THAT(shown({check_authorities({.file = empty, .folder = "/nowhere"}, true)}),
              StartsWith("error certificates: no certificate"));
  EXPECT_EQ(check_authorities({.file = "/nowhere", .folder = folder.path()}, false).level, CheckLevel::note);
  folder.write("5ed36f99.0", "a certificate");
  EXPECT_EQ(check_authorities({.file = empty, .folder = "/nowhere:" + folder.path()}, true).level, CheckLevel::ok);
  const auto places = AuthorityPlaces::of(environment_of({{"SSL_CERT_FILE", "/a"}, {"SSL_CERT_DIR", "/b"}}));
  EXPECT_EQ(places.file, "/a");
  EXPECT_EQ(places.folder, "/b");
}

TEST(CheckSandboxTest, CountsForThoseThatAskForOne) {
  const mcp::Result<> none =
      mcp::fail(mcp::ErrorCode::sandbox_unavailable, "no sandbox, so it was not started: bubblewrap is not there.", "Install it.");
  EXPECT_EQ(shown({check_sandbox({}, 3, 2)}), "ok sandbox: can be made: bubblewrap, seccomp, Landlock 3\n");
  EXPECT_THAT(shown({check_sandbox({}, 0, 2)}), HasSubstr("without Landlock"));
  EXPECT_EQ(shown({check_sandbox(none, 3, 2)}),
            "error sandbox: 2 servers ask for one and are refused: bubblewrap is not there | Install it.\n");
  EXPECT_EQ(check_sandbox(none, 3, 0).level, CheckLevel::note);
}

TEST(CheckSandboxTest, WhatIsMissingIsNamed) {
  boost::asio::io_context loop;
  const auto launcher = mcp::make_process_launcher({.guardian = mcp::program_path("switchyard-guardian")});
  const mcp::TempFolder empty;
  empty.write("true", "#!/bin/sh\n");
  std::filesystem::permissions(empty.file("true"), std::filesystem::perms::owner_all);
  const auto tried = mcp::run_task(loop, try_sandbox(*launcher, environment_of({{"PATH", empty.path()}, {"HOME", empty.path()}})));
  ASSERT_FALSE(tried);
  EXPECT_THAT(shown({check_sandbox(tried, 3, 1)}), HasSubstr("bubblewrap (bwrap) is not in the gateway's PATH"));
}

TEST(RunProgramTest, WhatDoesNotEndIsKilled) {
  boost::asio::io_context loop;
  const auto launcher = mcp::make_process_launcher({.guardian = mcp::program_path("switchyard-guardian")});
  mcp::ChildSpec spec;
  spec.command = "/bin/sh";
  spec.args = {"-c", "echo up; exec sleep 1000"};
  const auto ran = mcp::run_task(loop, run_program(*launcher, std::move(spec), std::chrono::milliseconds(200)));
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().text(), "/bin/sh did not end");
}

TEST(RunProgramTest, KeepsTheBeginning) {
  boost::asio::io_context loop;
  const auto launcher = mcp::make_process_launcher({.guardian = mcp::program_path("switchyard-guardian")});
  mcp::ChildSpec spec;
  spec.command = "/bin/sh";
  spec.args = {"-c", "read line; echo begin; head -c 100000 /dev/zero; exit 3"};
  const auto ran = mcp::run_task(loop, run_program(*launcher, std::move(spec), std::chrono::minutes(1)));
  ASSERT_TRUE(ran) << ran.error().text();
  EXPECT_THAT(ran->text, StartsWith("begin\n"));
  EXPECT_EQ(ran->text.size(), 4096U);
  EXPECT_EQ(ran->exit.code, 3);
}

}  // namespace
}  // namespace gateway
