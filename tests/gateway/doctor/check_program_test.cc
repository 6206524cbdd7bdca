#include "gateway/doctor/check_program.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/doctor/program_file.h"
#include "tests/gateway/doctor/checks.h"
#include "tests/support/temp_folder.h"

namespace gateway {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ServerSpec server(std::string command, std::vector<std::string> args = {}, std::string cwd = "") {
  ServerSpec spec;
  spec.name = ServerName("s");
  spec.transport =
      StdioSpec{.command = std::move(command), .args = std::move(args), .env = {}, .cwd = std::move(cwd), .sandbox = {}};
  return spec;
}

class CheckProgramTest : public testing::Test {
 protected:
  CheckProgramTest() { std::filesystem::create_directories(bin_); }

  std::string program(const std::string& name, const std::string& text, mode_t mode = 0755) const {
    const std::string path = folder_.write(name, text);
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::string look(const ServerSpec& spec) const { return shown(check_program(spec, environment_).checks); }

  const mcp::TempFolder folder_;
  const std::string bin_ = folder_.file("bin");
  const Environment environment_ = environment_of({{"PATH", bin_}, {"HOME", folder_.path()}});
};

TEST_F(CheckProgramTest, OneThatCanBeStarted) {
  program("bin/tool", "#!/bin/sh\n");
  EXPECT_EQ(look(server("tool")), "ok s: tool is " + bin_ + "/tool\n");
  EXPECT_EQ(look(server(bin_ + "/tool")), "ok s: " + bin_ + "/tool can be started\n");
}

TEST_F(CheckProgramTest, OneThatIsNotThere) {
  EXPECT_THAT(look(server("nosuch")), StartsWith("error s: command 'nosuch' not found in PATH (" + bin_ + ") | Install it"));
  EXPECT_THAT(look(server("npx")), Not(HasSubstr("ok s")));
  EXPECT_THAT(look(server("uvx")), HasSubstr("astral.sh"));
  EXPECT_THAT(look(server("cmd", {"/c", "npx"})), HasSubstr("That is the shell of Windows"));
  EXPECT_THAT(look(server("some tool")), HasSubstr("write what follows its name in \"args\""));
  EXPECT_THAT(look(server("/nowhere/tool")), HasSubstr("error s: command '/nowhere/tool' does not exist"));
}

TEST_F(CheckProgramTest, OneThatALoginShellWouldFind) {
  std::filesystem::create_directories(folder_.file(".local/bin"));
  const std::string path = program(".local/bin/mytool", "#!/bin/sh\n");
  EXPECT_THAT(look(server("mytool")), HasSubstr("It is at " + path + ": write that as the command"));
  std::filesystem::create_directories(folder_.file(".nvm/versions/node/v22.1.0/bin"));
  const std::string deep = program(".nvm/versions/node/v22.1.0/bin/othertool", "#!/bin/sh\n");
  EXPECT_THAT(look(server("othertool")), HasSubstr("It is at " + deep));
}

TEST_F(CheckProgramTest, OneThatCannotBeExecuted) {
  program("bin/plain", "#!/bin/sh\n", 0644);
  EXPECT_THAT(look(server("plain")), HasSubstr("is not executable | Run: chmod +x"));
  EXPECT_THAT(look(server("tool", {}, "/nowhere")), HasSubstr("working directory '/nowhere' does not exist"));
  program("bin/lost", "#!/no/such/interpreter\n");
  EXPECT_THAT(look(server("lost")), HasSubstr("is run by /no/such/interpreter, which is not there"));
  program("bin/nodeless", "#!/usr/bin/env node\n");
  EXPECT_THAT(look(server("nodeless")), HasSubstr("is run by node, which is not there: command 'node' not found"));
  program("bin/dos", "#!/bin/sh\r\necho\r\n");
  EXPECT_THAT(look(server("dos")), HasSubstr("line ends of Windows"));
  std::filesystem::create_directories(folder_.file("my bin"));
  const std::string spaced = program("my bin/dos", "#!/bin/sh\r\n");
  EXPECT_THAT(look(server(spaced)), HasSubstr("Convert it: sed -i 's/\\r$//' '" + spaced + "'"));
  program("bin/text", "console.log(1)\n");
  EXPECT_THAT(look(server("text")), HasSubstr("is no program for this system | A script needs a first line"));
  std::string foreign(
      "\x7f"
      "ELF\x02\x01\x01",
      7);
  foreign.resize(64);
  foreign[18] = '\x08';  // MIPS
  program("bin/foreign", foreign);
  EXPECT_THAT(look(server("foreign")), HasSubstr("is a program for another kind of processor"));
}

TEST_F(CheckProgramTest, TheNodeThatRunsIt) {
  const std::string node = program("bin/node", "#!/bin/sh\n");
  program("bin/npx", "#!/usr/bin/env node\n");
  EXPECT_EQ(check_program(server("npx", {"-y", "x"}), environment_).node, node);
  EXPECT_EQ(check_program(server("node", {"--version"}), environment_).node, node);
  EXPECT_EQ(check_program(server("sh"), environment_).node, "");
  const auto says = [](const std::string& text) -> mcp::Result<ProgramOutput> { return ProgramOutput{.exit = {}, .text = text}; };
  EXPECT_EQ(shown(check_node("s", "/n/node", says("v22.3.0\n"))), "");
  EXPECT_THAT(shown(check_node("s", "/n/node", says("v14.21.3\n"))),
              StartsWith("warning s: /n/node is Node.js 14; most servers want 18"));
  EXPECT_EQ(shown(check_node("s", "/n/node", says("bun\n"))), "");
  EXPECT_THAT(shown(check_node("s", "/n/node", mcp::fail(mcp::ErrorCode::timeout, "it did not end"))), HasSubstr("it did not end"));
}

TEST_F(CheckProgramTest, TheScriptThatItIsGiven) {
  program("bin/node", "#!/bin/sh\n");
  program("server.js", "");
  const std::string here = folder_.path();
  EXPECT_THAT(look(server("node", {here + "/server.js"})), Not(HasSubstr("script")));
  EXPECT_THAT(look(server("node", {here + "/server"})), Not(HasSubstr("script"))) << "Node.js adds the extension";
  EXPECT_THAT(look(server("node", {"server.js"}, here)), Not(HasSubstr("script")));
  EXPECT_THAT(look(server("node", {"--import", "x.mjs", "y.js"})), Not(HasSubstr("script")));
  EXPECT_THAT(look(server("node", {here + "/other.js"})),
              HasSubstr("error s: args[0] names a script that is not there: " + here + "/other.js"));
  EXPECT_THAT(look(server("node", {"other.js"}, here)), HasSubstr("error s: args[0] names a script that is not there"));
  const std::string shell = look(server("node", {"$HOME/x.js"}));
  EXPECT_THAT(shell, HasSubstr("warning s: args[0] holds a variable"));
  EXPECT_THAT(shell, Not(HasSubstr("script"))) << "one mistake, told once";
  EXPECT_THAT(look(server("node", {"no-such-script.js"})),
              HasSubstr("warning s: args[0] names a script that is not in this folder"));
}

struct ArgumentCase {
  const char* argument;
  const char* found;  // "" = nothing
};

TEST(CheckArgumentsTest, WhatAShellWouldMakeOfThem) {
  const ArgumentCase cases[] = {
      {"plain", ""},
      {"", ""},
      {"$", ""},
      {"a$", ""},
      {"--name=a b", ""},
      {"Authorization: Bearer x", ""},
      {"costs $5", ""},
      {"\\$HOME", ""},
      {"{\"a\": 1}", ""},
      {"--flag", ""},
      {"a~b", ""},
      {"/tmp/~", ""},
      {"~", "args[0] begins with ~"},
      {"~/notes", "args[0] begins with ~"},
      {"$HOME/notes", "args[0] holds a variable as a shell writes it"},
      {"a$(pwd)", "args[0] holds a variable as a shell writes it"},
      {"\"quoted\"", "args[0] stands in quotes of its own"},
      {"'quoted'", "args[0] stands in quotes of its own"},
      {"-y package", "args[0] is an option and its value in one"},
      {"--port 80", "args[0] is an option and its value in one"},
      {"&&", "args[0] is of a shell's language"},
      {"2>&1", "args[0] is of a shell's language"},
  };
  for (const auto& [argument, found] : cases) {
    const std::string text = shown(check_arguments(server("tool", {argument})));
    EXPECT_THAT(text,
                *found == '\0' ? testing::Eq("") : testing::Matcher<std::string>(HasSubstr("warning s: " + std::string(found))))
        << argument;
    EXPECT_EQ(shown(check_arguments(server("sh", {"-c", argument}))), "") << argument;
  }
}

TEST(CheckArgumentsTest, TheVariableThatWasMeant) {
  const auto look = [](const char* argument) { return shown(check_arguments(server("tool", {argument}))); };
  EXPECT_THAT(look("$HOME/x.js"), HasSubstr("| Write ${HOME}, with braces."));
  EXPECT_THAT(look("--root=$DATA_DIR"), HasSubstr("| Write ${DATA_DIR}, with braces."));
  EXPECT_THAT(look("$(pwd)/x"), HasSubstr("| Write what the command would put out"));
  EXPECT_THAT(look("pa$SWORD"), HasSubstr("| Write ${NAME}, with braces.")) << "may be a piece of a secret";
}

TEST(CheckArgumentsTest, NoValueIsRepeated) {
  EXPECT_THAT(shown(check_arguments(server("tool", {"\"sk-0123456789abcdef\"", "-k hush-hush"}))),
              testing::AllOf(Not(HasSubstr("sk-01")), Not(HasSubstr("hush-hush"))));
}

TEST(CheckArgumentsTest, CommandsWrittenForAShell) {
  EXPECT_THAT(shown(check_arguments(server("cd /srv && node x.js"))), HasSubstr("its command is written for a shell"));
  EXPECT_THAT(shown(check_arguments(server("$HOME/bin/tool"))), HasSubstr("its command holds a variable"));
  EXPECT_EQ(shown(check_arguments(server("/opt/my tools/tool"))), "");
}

TEST(CheckArgumentsTest, Npx) {
  EXPECT_THAT(shown(check_arguments(server("npx", {"package"}))), StartsWith("note s: npx without -y"));
  EXPECT_EQ(shown(check_arguments(server("/usr/bin/npx", {"-y", "package"}))), "");
  EXPECT_EQ(shown(check_arguments(server("npx", {"--yes", "package"}))), "");
}

TEST(CheckItselfTest, OnlyWithTheSameFile) {
  const mcp::TempFolder folder;
  const std::string own = folder.write("own.json", "{}");
  std::filesystem::create_symlink(own, folder.file("link.json"));
  const Environment environment = environment_of({{"HOME", folder.path()}});
  const auto look = [&](std::vector<std::string> args, std::vector<std::pair<std::string, std::string>> env = {}) {
    ServerSpec spec = server("/opt/switchyard", std::move(args), folder.path());
    std::get<StdioSpec>(spec.transport).env = std::move(env);
    return check_itself(spec, environment, own).size();
  };
  EXPECT_EQ(look({"serve", "--config", own}), 1);
  EXPECT_EQ(look({"--config=" + own, "serve"}), 1);
  EXPECT_EQ(look({"serve", "--config=own.json"}), 1) << "from its cwd";
  EXPECT_EQ(look({"serve", "--config", folder.file("link.json")}), 1);
  EXPECT_EQ(look({"serve"}, {{"SWITCHYARD_CONFIG", own}}), 1);
  EXPECT_EQ(look({"serve", "--config=/other.json", "--state=/s"}, {{"SWITCHYARD_CONFIG", own}}), 0);
  EXPECT_EQ(look({"serve"}, {{"SWITCHYARD_CONFIG", "/other.json"}}), 0);
  EXPECT_EQ(look({"serve"}), 0) << "the usual file is another";
  EXPECT_EQ(look({"list", "--config", own}), 0);
  const std::string usual = folder.file(".config/switchyard/switchyard.json");
  EXPECT_EQ(check_itself(server("switchyard", {"serve", "--stdio"}), environment, usual).size(), 1);
  EXPECT_TRUE(check_itself(server("tool", {"serve"}), environment, usual).empty());
}

TEST(CheckArgumentsTest, Containers) {
  EXPECT_EQ(shown(check_arguments(server("docker", {"run", "-i", "--rm", "image"}))), "");
  EXPECT_EQ(shown(check_arguments(server("podman", {"run", "--rm", "--interactive", "image"}))), "");
  EXPECT_EQ(shown(check_arguments(server("docker", {"exec", "-i", "c", "x"}))), "");
  EXPECT_THAT(shown(check_arguments(server("docker", {"run", "--rm", "image"}))), HasSubstr("error s: docker run without -i"));
  EXPECT_THAT(shown(check_arguments(server("docker", {"run", "-it", "image"}))), HasSubstr("error s: docker run with -t"));
  EXPECT_THAT(shown(check_arguments(server("docker", {"run", "-i", "-d", "image"}))), HasSubstr("error s: docker run with -d"));
  EXPECT_THAT(shown(check_arguments(server("docker", {"container", "run", "image"}))), HasSubstr("error s: docker run without -i"));
  ServerSpec spec = server("docker", {"run", "-i", "-e", "A", "--env=B", "-e", "C=1", "image"});
  std::get<StdioSpec>(spec.transport).env = {{"A", "1"}, {"B", "2"}, {"C", "3"}, {"TOKEN", "hush-hush"}, {"DOCKER_HOST", "x"}};
  EXPECT_EQ(shown(check_arguments(spec)),
            "warning s: env.TOKEN reaches docker, but not the container | Add \"-e\", \"TOKEN\" behind \"run\" in \"args\".\n");
}

TEST(CheckArgumentsTest, WhatStandsBehindTheImageIsNotForDocker) {
  const auto look = [](std::vector<std::string> words) {
    words.insert(words.begin(), "run");
    return shown(check_arguments(server("docker", std::move(words))));
  };
  EXPECT_EQ(look({"-i", "--rm", "mcp/server", "-t", "stdio", "-d"}), "");
  EXPECT_THAT(look({"--rm", "mcp/server", "-i"}), HasSubstr("error s: docker run without -i"));
  const char* const values[] = {
      "-e",        "--env",        "--env-file", "-v",     "--volume",   "--mount",        "-p",          "--name",
      "-w",        "-u",           "--network",  "-l",     "--label",    "--add-host",     "--cpus",      "-m",
      "--memory",  "--pull",       "--restart",  "-h",     "--hostname", "--device",       "--tmpfs",     "--ulimit",
      "--cap-add", "--gpus",       "--shm-size", "--ipc",  "--pid",      "--security-opt", "--dns",       "-a",
      "--publish", "--entrypoint", "--platform", "--user", "--workdir",  "--cap-drop",     "--log-driver"};
  for (const char* option : values) {
    EXPECT_EQ(look({option, "value", "-i", "image", "-t"}), "") << option;
    EXPECT_THAT(look({option, "-i", "image"}), HasSubstr("docker run without -i")) << option << ": its value looks like -i";
  }
  EXPECT_EQ(look({"--network=host", "--interactive=true", "image", "--tty"}), "");
  EXPECT_THAT(look({"--interactive=false", "image"}), HasSubstr("docker run without -i"));
  EXPECT_EQ(look({"-i", "--tty=false", "-d=false", "image"}), "");
  EXPECT_EQ(look({"-ieTOKEN=tidy", "-v/data:/data", "image"}), "") << "the value stands in the same word";
  EXPECT_EQ(look({"--rm", "-i", "--", "image", "-t"}), "");
  EXPECT_EQ(look({"-i", "--privileged", "--init", "--read-only", "image", "-d"}), "");
}

TEST(CheckArgumentsTest, VariablesReachAContainerByItsOptionsAlone) {
  const auto look = [](std::vector<std::string> words) {
    ServerSpec spec = server("docker", std::move(words));
    std::get<StdioSpec>(spec.transport).env = {{"TOKEN", "hush-hush"}};
    return shown(check_arguments(spec));
  };
  EXPECT_EQ(look({"run", "-i", "--env", "TOKEN", "image"}), "");
  EXPECT_EQ(look({"run", "-ieTOKEN", "image"}), "");
  EXPECT_EQ(look({"run", "-i", "--env-file=/x", "image"}), "");
  EXPECT_THAT(look({"run", "-i", "image", "-e", "TOKEN"}), HasSubstr("env.TOKEN reaches docker, but not the container"));
  EXPECT_THAT(look({"run", "-i", "--label", "TOKEN", "image"}), HasSubstr("env.TOKEN reaches docker, but not the container"));
}

TEST(CheckDockerTest, ItsDaemon) {
  const mcp::TempFolder folder;
  const std::string path = folder.file("docker.sock");
  ServerSpec spec = server("docker", {"run", "-i", "image"});
  auto& env = std::get<StdioSpec>(spec.transport).env;
  env = {{"DOCKER_HOST", "unix://" + path}};
  EXPECT_THAT(shown(check_docker(spec, environment_of({}))), HasSubstr("error s: docker's daemon does not answer at " + path));
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(socket, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address), 0);
  ASSERT_EQ(::listen(socket, 1), 0);
  EXPECT_EQ(shown(check_docker(spec, environment_of({}))), "");
  ::close(socket);
  env = {{"DOCKER_HOST", "tcp://h:1"}};
  EXPECT_EQ(shown(check_docker(spec, environment_of({}))), "") << "elsewhere";
  env.clear();
  EXPECT_THAT(shown(check_docker(spec, environment_of({{"DOCKER_HOST", "unix:///x"}}))),
              HasSubstr("DOCKER_HOST is set for the gateway"));
  std::filesystem::create_directories(folder.file(".docker"));
  folder.write(".docker/config.json", R"({"currentContext":"rootless"})");
  EXPECT_EQ(shown(check_docker(spec, environment_of({{"HOME", folder.path()}}))), "") << "another daemon was chosen";
  EXPECT_EQ(shown(check_docker(server("npx"), environment_of({}))), "");
}

TEST(ProgramFileTest, WhoRunsAScript) {
  const mcp::TempFolder folder;
  const auto looked_up = [&](const std::string& line) {
    const auto file = look_at_program_file(folder.write("x", line + "\n"));
    return file ? file->looked_up() : file.error().message;
  };
  EXPECT_EQ(looked_up("#!/usr/bin/env node"), "node");
  EXPECT_EQ(looked_up("#!/usr/bin/env -S deno run --allow-net"), "deno");
  EXPECT_EQ(looked_up("#!/usr/bin/env A=1 python3"), "python3");
  EXPECT_EQ(looked_up("#!/bin/sh -e"), "");
  EXPECT_THAT(looked_up("#!"), HasSubstr("names no interpreter"));
  EXPECT_TRUE(look_at_program_file("/proc/self/exe"));
}

}  // namespace
}  // namespace gateway
