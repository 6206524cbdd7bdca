#include "gateway/doctor/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/config/near_name.h"
#include "gateway/config/shell_word.h"
#include "gateway/doctor/check_access.h"
#include "gateway/doctor/check_endpoint.h"
#include "gateway/doctor/check_installation.h"
#include "gateway/doctor/check_ports.h"
#include "gateway/doctor/check_program.h"
#include "gateway/doctor/check_sandbox.h"
#include "gateway/doctor/check_state.h"
#include "gateway/upstream/redaction.h"
#include "mcp/process/proc_files.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Result;
using mcp::Task;

namespace {

constexpr auto kAnswer = std::chrono::seconds(4);  // of a server, or a program that says its version
constexpr std::size_t kEnvironment = std::size_t{8} << 20;

/// The environment that a process was started with; nothing where it cannot be read.
std::optional<Environment> environment_of(int pid) {
  const std::string text = mcp::read_proc_file("/proc/" + std::to_string(pid) + "/environ", kEnvironment);
  if (text.empty()) return std::nullopt;
  auto variables = std::make_shared<std::map<std::string, std::string, std::less<>>>();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) variables->emplace(line.substr(0, equals), line.substr(equals + 1));
    at = end + 1;
  }
  return [variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables->find(name);
    return found == variables->end() ? std::nullopt : std::optional(found->second);
  };
}

/// Tasks side by side; run() returns when all have come to their end.
class TaskGroup {
 public:
  mcp::Executor executor() { return loop_.get_executor(); }

  void add(Task<void> task) {
    ++open_;
    asio::co_spawn(loop_, std::move(task), [this](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
      if (--open_ == 0) loop_.stop();
    });
  }

  void run() {
    if (open_ == 0) return;
    // The loop has nothing to wait for while a program is started on the launcher's thread.
    const auto waiting = asio::make_work_guard(loop_);
    loop_.restart();
    loop_.run();
  }

 private:
  asio::io_context loop_{1};
  std::size_t open_ = 0;
};

class Examination {
 public:
  explicit Examination(const DoctorOptions& options)
      : options_(options),
        running_(options.gateway.running && *options.gateway.running ? &**options.gateway.running : nullptr),
        environment_(options.variables),
        launcher_(mcp::make_process_launcher({.guardian = options.guardian})) {
    // What the gateway has, its servers get: not what this shell has.
    auto own = running_ != nullptr && options.gateway.other_config.empty() ? environment_of(running_->pid) : std::nullopt;
    borrowed_ = own.has_value();
    if (own) {
      environment_ = [own = std::move(*own), secrets = options.variables](std::string_view name) {
        return name.starts_with(kSecretPrefix) ? secrets(name) : own(name);
      };
    }
    config_ = load_config(options.place.file, environment_);
  }

  Result<Checks> run() {
    if (auto known = check_names(); !known) return std::unexpected(std::move(known).error());
    choose();
    examine_installation();
    take(check_state(options_.state_dir));
    examine_configuration();
    take(check_gateway(options_.gateway));
    add_environment();
    examine_servers();
    // The servers of another file only have the same names.
    if (options_.gateway.other_config.empty()) count_once(checks_);
    return std::move(checks_);
  }

 private:
  void take(Checks checks) { std::ranges::move(checks, std::back_inserter(checks_)); }

  /// Whose variables servers were looked at with.
  void add_environment() {
    if (running_ == nullptr || !options_.gateway.other_config.empty()) return;
    CheckList list(CheckGroup::gateway);
    if (borrowed_) {
      list.ok("environment", "variables and PATH are taken as the gateway that runs has them");
    } else {
      list.note("environment",
                "that of the gateway that runs cannot be read, so variables and PATH are taken as this shell has them",
                "Run this as the user that the gateway runs as.");
    }
    take(list.take());
  }

  /// Without what concerns servers alone that nobody asked for.
  void take_meant(Checks checks) {
    const auto& names = options_.gateway.servers;
    std::erase_if(checks, [&names](const Check& check) {
      return !names.empty() && check.of_server && std::ranges::find(names, check.subject) == names.end();
    });
    take(std::move(checks));
  }

  Result<> check_names() const {
    if (!config_) return {};
    std::vector<std::string_view> known;
    for (const ServerSpec& server : config_->servers)
      known.push_back(server.name.str());
    for (const BrokenServer& server : config_->broken)
      known.push_back(server.name.str());
    for (const std::string& name : options_.gateway.servers) {
      if (std::ranges::find(known, name) != known.end()) continue;
      return mcp::fail(mcp::ErrorCode::config_invalid,
                       "there is no server \"" + name + "\" in " + options_.place.file + name_hint(name, known));
    }
    return {};
  }

  bool is_meant(const ServerName& name, bool enabled) const {
    const auto& names = options_.gateway.servers;
    return names.empty() ? enabled : std::ranges::find(names, name.str()) != names.end();
  }

  void choose() {
    if (!config_) return;
    for (const ServerSpec& server : config_->servers) {
      if (is_meant(server.name, server.enabled)) servers_.push_back(&server);
    }
  }

  template <class Matches>
  std::size_t count_servers(const Matches& matches) const {
    const auto counts = [&matches](const ServerSpec* server) { return server->enabled && matches(*server); };
    return static_cast<std::size_t>(std::ranges::count_if(servers_, counts));
  }

  void examine_installation() {
    std::error_code error;
    checks_.push_back(check_version(std::filesystem::read_symlink("/proc/self/exe", error).string()));
    const std::string confine = std::filesystem::path(options_.guardian).parent_path().string() + "/switchyard-confine";
    std::optional<Result<ProgramOutput>> guardian_said, confine_said;
    tasks_.add(ask_version(options_.guardian, guardian_said));
    tasks_.run();
    checks_.push_back(check_helper(options_.guardian, *guardian_said));
    const bool starts = *guardian_said && checks_.back().level == CheckLevel::ok;
    std::optional<Result<>> sandbox;
    // Without the guardian nothing can be started, and all else would be said to be amiss.
    if (starts) {
      tasks_.add(ask_version(confine, confine_said));
      tasks_.add(make_sandbox(sandbox));
      tasks_.run();
      checks_.push_back(check_helper(confine, *confine_said));
    }
    take(check_limits(read_limits()));
    if (starts) {
      const std::size_t asking = count_servers([](const ServerSpec& server) {
        const auto* stdio = std::get_if<StdioSpec>(&server.transport);
        return stdio != nullptr && stdio->sandbox.level != SandboxLevel::off;
      });
      checks_.push_back(check_sandbox(*sandbox, landlock_version(), asking));
    }
    const std::size_t https = count_servers([](const ServerSpec& server) {
      const auto* http = std::get_if<HttpSpec>(&server.transport);
      return http != nullptr && http->url.starts_with("https://") && http->ca_file.empty();
    });
    checks_.push_back(check_authorities(AuthorityPlaces::of(environment_), https > 0));
  }

  void examine_configuration() {
    take_meant(check_configuration(options_.place, config_, options_.gateway.servers));
    if (!config_) return;
    take_meant(check_contents(*config_, environment_, options_.gateway.servers));
    take_meant(check_tool_patterns(*config_, options_.state_dir));
    take(check_access(*config_, environment_));
    if (running_ == nullptr) take(check_ports(*config_));
  }

  void examine_servers() {
    if (!config_) return;
    std::vector<Checks> found(servers_.size());
    for (std::size_t i = 0; i < servers_.size(); ++i)
      examine_server(*servers_[i], found[i]);
    for (const auto& [node, run] : nodes_)
      tasks_.add(ask_node(node, run));
    tasks_.run();
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      const Redaction redaction(*servers_[i]);
      for (Check& check : found[i]) {
        check.message = redaction.clean(check.message);
        check.remedy = redaction.clean(check.remedy);
      }
      take(std::move(found[i]));
    }
    CheckList left_out(CheckGroup::servers);
    for (const BrokenServer& server : config_->broken) {
      if (is_meant(server.name, true)) {
        left_out.note(server.name.str(), "not looked at: the gateway leaves it out for the mistakes in its entry (see above)");
      }
    }
    take(left_out.take());
  }

  void examine_server(const ServerSpec& server, Checks& found) {
    CheckList list(CheckGroup::servers);
    const std::string& name = server.name.str();
    if (const std::string place = missing_environment(server); !place.empty()) {
      list.note(name, "not looked at: its environment \"" + server.environment + "\" is not there (" + place + ")");
      found = list.take();
      return;
    }
    if (!server.enabled) list.note(name, "is switched off", "Switch it on: switchyard enable " + shell_word(name) + ".");
    const bool program = std::holds_alternative<StdioSpec>(server.transport);
    if (!program && options_.offline) list.note(name, "not asked, with --offline");
    found = list.take();
    if (program) {
      ProgramLook look = check_program(server, environment_);
      std::ranges::move(look.checks, std::back_inserter(found));
      std::ranges::move(check_itself(server, environment_, options_.place.file), std::back_inserter(found));
      if (!look.node.empty()) nodes_[look.node].push_back({name, &found});
    } else if (options_.offline) {
      std::ranges::move(check_address_of(server), std::back_inserter(found));
    } else {
      tasks_.add(ask_endpoint(server, found));
    }
  }

  /// The path by which its environment is known, where that is away; "" else.
  std::string missing_environment(const ServerSpec& server) const {
    const auto found = std::ranges::find(config_->environments, server.environment, &EnvironmentSpec::name);
    std::error_code error;
    if (server.environment.empty() || found == config_->environments.end() || found->path.empty()) return "";
    return std::filesystem::exists(found->path, error) ? "" : found->path;
  }

  Task<void> ask_version(std::string program, std::optional<Result<ProgramOutput>>& said) {
    mcp::ChildSpec spec;
    spec.command = std::move(program);
    spec.args = {"--version"};
    spec.env = child_environment({}, environment_);
    said = co_await run_program(*launcher_, std::move(spec), kAnswer);
  }

  Task<void> make_sandbox(std::optional<Result<>>& tried) { tried = co_await try_sandbox(*launcher_, environment_); }

  /// A server that some program runs, and what is found about it.
  struct Run {
    std::string server;
    Checks* found;
  };

  Task<void> ask_node(const std::string& node, const std::vector<Run>& run) {
    std::optional<Result<ProgramOutput>> said;
    co_await ask_version(node, said);
    for (const Run& one : run)
      std::ranges::move(check_node(one.server, node, *said), std::back_inserter(*one.found));
  }

  Task<void> ask_endpoint(const ServerSpec& server, Checks& found) {
    mcp::Executor executor = tasks_.executor();
    Checks checks = co_await check_endpoint(std::move(executor), server, environment_, options_.login, kAnswer);
    std::ranges::move(checks, std::back_inserter(found));
  }

  const DoctorOptions& options_;
  const RunningGateway* const running_;  // null: none runs
  Environment environment_;              // the gateway's where that can be had
  bool borrowed_ = false;                // it is that of the gateway that runs
  Result<Config> config_;
  std::vector<const ServerSpec*> servers_;         // to be looked at
  std::map<std::string, std::vector<Run>> nodes_;  // by the path of the Node.js that would run them
  Checks checks_;
  TaskGroup tasks_;
  std::unique_ptr<mcp::ProcessLauncher> launcher_;  // ends before the loop does
};

}  // namespace

Result<Checks> examine(const DoctorOptions& options) {
  return Examination(options).run();
}

}  // namespace gateway
