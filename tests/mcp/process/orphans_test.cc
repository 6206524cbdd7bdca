// Trees whose guardian was killed, and those of a launcher that died with its guardians: nothing of them survives, and nothing else
// is touched.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <gmock/gmock.h>
#include <iterator>
#include <sstream>
#include <vector>

#include "mcp/base/random.h"
#include "mcp/process/child_records.h"
#include "mcp/process/marked_tree.h"
#include "tests/mcp/process/child_process_fixture.h"
#include "tests/support/processes.h"

namespace mcp {
namespace {

namespace fs = std::filesystem;

/// Says the pids of four processes that ignore SIGTERM, a line each: of a session of their own, twice forked, with no parent left,
/// and one without an environment.
constexpr const char* kDaemons =
    "trap '' TERM; echo $$; "
    "(setsid sh -c 'echo $$; while :; do sleep 1000; done' & ); "
    "(setsid sh -c '(echo $$; while :; do sleep 1001; done) & wait' & ); "
    "setsid sh -c 'env -i sh -c \"echo \\$\\$; while :; do sleep 1002; done\" & wait' & "
    "while :; do sleep 1003; done";

std::vector<pid_t> read_pids(std::istream& in, std::size_t count) {
  std::vector<pid_t> pids(count);
  for (pid_t& pid : pids)
    in >> pid;
  return pids;
}

/// A process outside every tree that this test program answers for.
class Outsider {
 public:
  explicit Outsider(std::vector<std::string> command) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    std::vector<char*> arguments;
    for (std::string& word : command)
      arguments.push_back(word.data());
    arguments.push_back(nullptr);
    EXPECT_EQ(posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = ends[0];
  }

  ~Outsider() {
    kill();
    close(out_);
  }

  Outsider(const Outsider&) = delete;
  Outsider& operator=(const Outsider&) = delete;

  pid_t pid() const { return pid_; }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

  std::string read_line() {
    std::string line;
    for (char letter = 0; read(out_, &letter, 1) == 1 && letter != '\n';)
      line.push_back(letter);
    return line;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
};

class OrphansTest : public ChildProcessTest {
 protected:
  std::string records() const { return folder_.file("children"); }

  /// A launcher in a process of its own, with a child that runs `script` and says its pids in a file.
  std::unique_ptr<Outsider> own(const std::string& script) {
    EXPECT_EQ(mkfifo(folder_.file("pids").c_str(), 0600), 0);
    auto owner = std::make_unique<Outsider>(std::vector<std::string>{program_path("owner_of_child"),
                                                                     records(),
                                                                     program_path("switchyard-guardian"),
                                                                     "/bin/sh",
                                                                     "-c",
                                                                     "exec >" + folder_.file("pids") + "; " + script});
    std::ifstream said(folder_.file("pids"));  // waits until they are written
    pids_ = read_pids(said, 4);
    std::istringstream line(owner->read_line());
    line >> program_ >> guardian_;
    EXPECT_GT(guardian_, 0);
    return owner;
  }

  /// The next start of a gateway: what it launches comes after the orphans' end.
  void start_again() {
    launcher_ = make_process_launcher({.guardian = program_path("switchyard-guardian"), .records = records()});
    const auto next = launch(spec("true"));
    ASSERT_TRUE(next);
    run_task(loop_, (*next)->wait_gone());
  }

  void expect_all_dead() {
    for (const pid_t pid : pids_)
      EXPECT_TRUE(wait_until_dead(pid)) << pid;
  }

  std::vector<std::string> instances() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(records()))
      paths.push_back(entry.path().string());
    return paths;
  }

  std::vector<pid_t> orphans() const {
    std::vector<pid_t> pids;
    for (const ProcessId& id : ChildRecords::find_orphans(records()))
      pids.push_back(id.pid);
    return pids;
  }

  /// The record of a launcher that is no more.
  void forge(const std::string& text) {
    fs::create_directories(records() + "/dead");
    std::ofstream(records() + "/dead/lock");
    std::ofstream(records() + "/dead/forged.child") << text;
  }

  TempFolder folder_;
  const std::string mark_ = random_hex(16);
  std::vector<pid_t> pids_;
  pid_t program_ = -1, guardian_ = -1;
};

std::string boot_line() {
  std::string id = read_proc_file("/proc/sys/kernel/random/boot_id");
  id.pop_back();
  return "boot " + id + " " + fs::read_symlink("/proc/self/ns/pid").string() + "\n";
}

std::string id_line(const char* key, const ProcessId& id) {
  return std::string(key) + " " + std::to_string(id.pid) + " " + std::to_string(id.start) + "\n";
}

TEST_F(OrphansTest, AKilledGuardiansWholeTreeIsKilled) {
  const auto child = launch(shell(kDaemons));
  ASSERT_TRUE(child);
  for (int i = 0; i < 4; ++i)
    pids_.push_back(std::stoi(run_task(loop_, read_line((*child)->stdout_pipe()))));
  ::kill((*child)->guardian_pid(), SIGKILL);
  run_task(loop_, (*child)->wait_gone());
  EXPECT_EQ((*child)->exit()->text(), "signal 9 (Killed)");
  for (const pid_t pid : pids_)
    EXPECT_FALSE(read_process(pid) && !read_process(pid)->dead) << pid;
  EXPECT_EQ(launcher_->left(), 0U);
}

TEST_F(OrphansTest, WhatALauncherLeftThatWasKilledWithItsGuardianEndsAtTheNextStart) {
  const auto owner = own(kDaemons);
  ::kill(guardian_, SIGSTOP);  // or it would act before it is killed
  owner->kill();
  ::kill(guardian_, SIGKILL);
  // The program itself goes with its guardian.
  EXPECT_THAT(orphans(), testing::IsSupersetOf(pids_.begin() + 1, pids_.end()));
  EXPECT_EQ(instances().size(), 1U) << "a look changes nothing";
  start_again();
  expect_all_dead();
  EXPECT_THAT(orphans(), testing::IsEmpty());
  EXPECT_EQ(instances().size(), 1U) << "the dead one's records are gone";
}

TEST_F(OrphansTest, AGuardianThatIsStuckEndsToo) {
  const auto owner = own(kDaemons);
  ::kill(guardian_, SIGSTOP);
  owner->kill();
  start_again();
  pids_.push_back(guardian_);
  expect_all_dead();
}

TEST_F(OrphansTest, WhatALiveLauncherRunsIsNotTouched) {
  const auto owner = own("trap '' TERM; echo $$ 0 0 0; while :; do sleep 1000; done");
  EXPECT_THAT(orphans(), testing::IsEmpty());
  start_again();
  const auto program = read_process(program_);
  ASSERT_TRUE(program);
  EXPECT_FALSE(program->dead);
  EXPECT_EQ(instances().size(), 2U);
  owner->kill();
  EXPECT_TRUE(wait_until_dead(guardian_));
}

TEST_F(OrphansTest, NobodyIsTakenForAnotherWhoHadItsNumber) {
  const Outsider innocent({"sleep", "1000"});
  ProcessId id = read_process(innocent.pid())->id;
  --id.start;
  forge("switchyard child 1\n" + boot_line() + "since 0\nmark " + mark_ + "\ncommand sleep\n" + id_line("guardian", id) +
        id_line("program", id));
  start_again();
  EXPECT_FALSE(read_process(innocent.pid())->dead);
  EXPECT_EQ(instances().size(), 1U);
}

TEST_F(OrphansTest, ARecordOfAnotherStartOfTheMachineSaysNothingOfThisOne) {
  const Outsider innocent({"sleep", "1000"});
  forge("switchyard child 1\nboot 00000000-0000-0000-0000-000000000000 pid:[1]\nsince 0\nmark " + mark_ + "\n" +
        id_line("program", read_process(innocent.pid())->id));
  start_again();
  EXPECT_FALSE(read_process(innocent.pid())->dead);
  EXPECT_EQ(instances().size(), 1U);
}

TEST_F(OrphansTest, HalfARecordSaysNothing) {
  Outsider innocent({"env", std::string(kMarkVariable) + "=ff", "sh", "-c", "echo; exec sleep 1000"});
  innocent.read_line();
  const std::string id = id_line("program", read_process(innocent.pid())->id);
  forge("switchyard child 1\n" + boot_line() + "since 0\nmark ff");
  std::ofstream(records() + "/dead/short.child") << "switchyard child 1\n" + boot_line() + "mark ff\n" + id;
  std::ofstream(records() + "/dead/cut.child") << "switchyard child 1\n" + boot_line() + "mark " + mark_ + "\n"
                                               << id.substr(0, id.size() - 2);
  std::ofstream(records() + "/dead/wild.child") << std::string(100'000, 'x');
  std::ofstream(records() + "/dead/words.child") << "boot\nmark\n\nprogram a b\nprogram 5\nguardian -1 5\nguardian 1 0\n";
  start_again();
  EXPECT_FALSE(read_process(innocent.pid())->dead);
  EXPECT_EQ(instances().size(), 1U);
}

TEST_F(OrphansTest, AMarkTellsItsTreeAndNoOther) {
  Outsider marked({"env", std::string(kMarkVariable) + "=" + mark_, "sh", "-c", "env -i sh -c 'echo $$; exec sleep 1000' & wait"});
  Outsider other({"env", std::string(kMarkVariable) + "=" + mark_ + "0", "sh", "-c", "echo; exec sleep 1000"});
  Outsider text({"sh", "-c", "echo; exec sleep 1000", std::string(kMarkVariable) + "=" + mark_});
  const pid_t without = std::stoi(marked.read_line());
  other.read_line();
  text.read_line();
  std::vector<pid_t> found;
  for (const ProcessId& id : find_trees({{.mark = mark_}}))
    found.push_back(id.pid);
  EXPECT_THAT(found, testing::UnorderedElementsAre(marked.pid(), without));
  EXPECT_EQ(end_trees({{.mark = mark_}}, std::chrono::milliseconds(0)).found, 2U);
  EXPECT_TRUE(wait_until_dead(without));
}

TEST_F(OrphansTest, SigtermComesFirst) {
  Outsider polite({"env",
                   std::string(kMarkVariable) + "=" + mark_,
                   "sh",
                   "-c",
                   "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.01; done"});
  polite.read_line();
  const TreesEnd ended = end_trees({{.mark = mark_}}, std::chrono::minutes(1));
  EXPECT_EQ(ended.left, 0U);
  EXPECT_EQ(polite.read_line(), "asked");
}

TEST_F(OrphansTest, ATreeThatKeepsForkingWithoutAGuardianIsKilled) {
  Outsider forking({"env",
                    std::string(kMarkVariable) + "=" + mark_,
                    "sh",
                    "-c",
                    "trap '' TERM; f() { [ $1 -eq 0 ] && { echo leaf; sleep 1000; }; "
                    "for i in 1 2 3 4 5 6; do f $(($1 - 1)) & done; wait; }; f 3"});
  EXPECT_EQ(forking.read_line(), "leaf");
  EXPECT_EQ(end_trees({{.mark = mark_}}, std::chrono::milliseconds(0)).left, 0U);
  EXPECT_TRUE(find_trees({{.mark = mark_}}).empty());
}

TEST_F(OrphansTest, ARecordLivesAsLongAsItsChild) {
  launcher_ = make_process_launcher({.guardian = program_path("switchyard-guardian"), .records = records()});
  const auto child = launch(spec("cat"));
  ASSERT_TRUE(child);
  ASSERT_EQ(instances().size(), 1U);
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(instances().front()))
    files.push_back(entry.path().string());
  ASSERT_EQ(files.size(), 2U);  // and the lock
  std::ranges::sort(files);
  const std::string record = read_proc_file(files.front());
  EXPECT_THAT(record, testing::HasSubstr("\ncommand cat\n"));
  EXPECT_THAT(record, testing::HasSubstr(id_line("guardian", read_process((*child)->guardian_pid())->id)));
  EXPECT_THAT(record, testing::HasSubstr(id_line("program", read_process((*child)->pid())->id)));
  EXPECT_EQ(fs::status(files.front()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  run_task(loop_, (*child)->stop(std::chrono::minutes(1)));
  EXPECT_FALSE(fs::exists(files.front()));
  launcher_.reset();
  EXPECT_TRUE(instances().empty());
}

TEST_F(OrphansTest, AProgramThatCouldNotBeStartedLeavesNoRecord) {
  launcher_ = make_process_launcher({.guardian = "/nowhere/switchyard-guardian", .records = records()});
  EXPECT_FALSE(launch(spec("cat")));
  launcher_.reset();
  EXPECT_TRUE(instances().empty());
}

TEST_F(OrphansTest, WithoutAFolderForRecordsProgramsRunAllTheSame) {
  std::ofstream(folder_.file("file"));
  launcher_ =
      make_process_launcher({.guardian = program_path("switchyard-guardian"), .records = folder_.file("file") + "/children"});
  EXPECT_EQ(output_of(shell("echo it runs")), "it runs\n");
}

TEST_F(OrphansTest, AChildCannotTakeAnothersMark) {
  ChildSpec child = shell("echo $SWITCHYARD_CHILD");
  child.env.push_back(std::string(kMarkVariable) + "=" + mark_);
  const std::string said = output_of(std::move(child));
  EXPECT_EQ(said.size(), mark_.size() + 1);
  EXPECT_NE(said, mark_ + "\n");
}

}  // namespace
}  // namespace mcp
