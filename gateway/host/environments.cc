#include "gateway/host/environments.h"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "mcp/base/event.h"
#include "mcp/base/log.h"

namespace gateway {

namespace asio = boost::asio;
using mcp::Event;
using mcp::Task;

namespace {

constexpr std::string_view kNotLooked = "it was not looked at yet";
constexpr std::string_view kProbe = "its probe ";
constexpr std::string_view kNobodySaid = "nobody has said that it is";

constexpr auto kLastWords = std::chrono::seconds(1);  // of a probe that has ended, to be read
constexpr std::size_t kMaxTail = 300;                 // bytes of what a probe says

std::string path_problem(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return "";
  return "its path " + path + " does not exist" + (error ? ": " + error.message() : "");
}

/// Takes what a probe prints, which else could fill its pipe, until it ends; keeps the last of it.
Task<void> drain(std::shared_ptr<mcp::ChildProcess> child, bool standard_error, std::shared_ptr<std::string> tail) {
  std::array<char, 4096> buffer{};
  auto& pipe = standard_error ? child->stderr_pipe() : child->stdout_pipe();
  for (;;) {
    boost::system::error_code error;
    const auto space = asio::buffer(buffer);
    const std::size_t count = co_await pipe.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    tail->append(buffer.data(), count);
    if (tail->size() > kMaxTail) tail->erase(0, tail->size() - kMaxTail);
  }
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string((time.count() + 999) / 1000) + " s";
}

}  // namespace

/// Threads that look at paths may outlive the loop: a file system that hangs lets nobody end them.
struct Environments::Looks {
  std::mutex mutex;
  bool open = true;  // the loop is there
};

struct Environments::Watched {
  Watched(const mcp::Executor& executor, EnvironmentSpec of) : spec(std::move(of)), timer(executor), first(executor) {}

  EnvironmentSpec spec;
  std::optional<bool> announced;
  std::string instance;  // as announced last
  std::optional<bool> seen;
  std::string why_not;  // seen
  bool looking = false;
  mcp::Timer timer;
  std::shared_ptr<Event> looked;  // of the look that is under way: it has ended, or nobody wants to know any more
  bool over = false;              // nobody wants to know any more
  Event first;                    // it has been looked at once, or is over

  /// What that one says of how to tell whether it is there is what this one does.
  bool is_seen_by(const EnvironmentSpec& other) const {
    return spec.available == other.available && spec.path == other.path && spec.probe == other.probe;
  }

  void take_announcement(const Watched& before) {
    announced = before.announced;
    instance = before.instance;
  }

  bool looks() const { return !spec.path.empty() || !spec.probe.empty(); }

  void end() {
    first.set();
    timer.cancel();
    over = true;
    if (looked) looked->set();
  }
};

Environments::Environments(Needs needs, std::function<void()> changed)
    : needs_(std::move(needs)), looks_(std::make_shared<Looks>()), changed_(std::move(changed)) {}

Environments::~Environments() {
  stop();
}

void Environments::stop() {
  for (const auto& [name, watched] : watched_) {
    watched->end();
  }
  watched_.clear();
  alive_.reset();
  const std::lock_guard lock(looks_->mutex);
  looks_->open = false;
}

EnvironmentStates Environments::preview(const std::vector<EnvironmentSpec>& specs) const {
  EnvironmentStates states;
  for (const EnvironmentSpec& spec : specs) {
    const auto known = watched_.find(spec.name);
    const auto state = states_.find(spec.name);
    auto& next = states[spec.name];
    if (state != states_.end()) next = state->second;
    if (known != watched_.end() && (known->second->announced || known->second->is_seen_by(spec))) continue;
    const Watched fresh(needs_.executor, spec);
    next.available = spec.available;
    next.why = next.available ? "" : std::string(fresh.looks() ? kNotLooked : kNobodySaid);
    if (next.available && (state == states_.end() || !state->second.available)) ++next.instance;
  }
  for (const auto& [name, watched] : watched_) {
    if (watched->announced && !states.contains(name)) states[name] = states_.find(name)->second;
  }
  return states;
}

Task<void> Environments::wait_looked(std::chrono::steady_clock::time_point deadline) {
  std::vector<std::shared_ptr<Watched>> all;
  for (const auto& [name, watched] : watched_) {
    if (watched->looks()) all.push_back(watched);
  }
  for (const auto& watched : all)
    co_await watched->first.wait_until(deadline);
}

void Environments::configure(const std::vector<EnvironmentSpec>& specs) {
  quiet_ = true;
  std::map<std::string, std::shared_ptr<Watched>, std::less<>> next;
  for (const EnvironmentSpec& spec : specs) {
    const auto known = watched_.find(spec.name);
    if (known != watched_.end() && known->second->is_seen_by(spec)) {
      next[spec.name] = known->second;
      adopt_times(known->second, spec);
      continue;
    }
    auto watched = std::make_shared<Watched>(needs_.executor, spec);
    next[spec.name] = watched;
    if (known != watched_.end()) watched->take_announcement(*known->second);
    settle(*watched);
    if (watched->looks()) look(watched);
  }
  for (const auto& [name, watched] : watched_) {
    const auto now = next.find(name);
    if (now != next.end() && now->second == watched) continue;
    watched->end();
    if (now == next.end() && watched->announced) {
      // What was announced without being in the file, or before it left it, still counts.
      watched->spec = {.name = name};
      next[name] = std::make_shared<Watched>(needs_.executor, watched->spec);
      next[name]->take_announcement(*watched);
    }
  }
  std::erase_if(states_, [&next](const auto& state) { return !next.contains(state.first); });
  watched_ = std::move(next);
  quiet_ = false;
}

/// A change of how often it is looked at, or how long that may take, is no reason to doubt what was seen.
void Environments::adopt_times(const std::shared_ptr<Watched>& watched, const EnvironmentSpec& spec) {
  const bool other_interval = watched->spec.interval != spec.interval;
  watched->spec = spec;
  if (other_interval && watched->looks() && !watched->looking) look_in(watched, spec.interval);
}

void Environments::announce(const std::string& name, std::optional<bool> available, const std::string& instance) {
  auto& watched = watched_[name];
  if (!watched) watched = std::make_shared<Watched>(needs_.executor, EnvironmentSpec{.name = name});
  const bool another =
      available.value_or(false) && !instance.empty() && !watched->instance.empty() && watched->instance != instance;
  watched->announced = available;
  if (available.value_or(false)) watched->instance = instance;
  if (!another) return settle(*watched);
  publish(name, true, "", true);
}

/// Weighs what is known of it.
void Environments::settle(Watched& watched) {
  const EnvironmentSpec& spec = watched.spec;
  if (watched.announced) {
    publish(spec.name, *watched.announced, *watched.announced ? "" : "it was announced as not being there");
  } else if (!watched.looks()) {
    publish(spec.name, spec.available, spec.available ? "" : std::string(kNobodySaid));
  } else {
    const std::string why = watched.seen ? watched.why_not : std::string(kNotLooked);
    publish(spec.name, watched.seen.value_or(false), why);
  }
}

void Environments::publish(const std::string& name, bool available, std::string why, bool another_instance) {
  auto& state = states_[name];
  const EnvironmentState before = state;
  const bool comes = available && (!state.available || another_instance);
  state.instance += comes ? 1 : 0;
  state.available = available;
  state.why = std::move(why);
  if (comes || before.available != available || before.since == std::chrono::system_clock::time_point()) {
    state.since = std::chrono::system_clock::now();
  }
  if (state == before) return;
  const bool told = comes || before.available != available;
  if (told) {
    mcp::log_info("environments",
                  available ? "environment is there" : "environment is not there",
                  {{"environment", name}, {"cause", state.why}});
  }
  // Servers that are away say why; but what a probe says may be another text each time.
  const bool probes_words = before.why.starts_with(kProbe) && state.why.starts_with(kProbe);
  if ((told || !probes_words) && !quiet_ && changed_) changed_();
}

void Environments::look_in(const std::shared_ptr<Watched>& watched, std::chrono::milliseconds delay) {
  watched->timer.expires_after(delay);
  watched->timer.async_wait([alive = std::weak_ptr(alive_), watched](boost::system::error_code error) {
    const auto self = alive.lock();
    if (!error && self && !watched->over) (*self)->look(watched);
  });
}

void Environments::look(const std::shared_ptr<Watched>& watched) {
  if (std::exchange(watched->looking, true)) return;
  auto task = watched->spec.probe.empty() ? look_at_path(watched) : probe(watched);
  asio::co_spawn(needs_.executor, looking(alive_, watched, std::move(task)), asio::detached);
}

Task<void> Environments::looking(std::weak_ptr<Environments*> self, std::shared_ptr<Watched> watched, Task<std::string> look) {
  std::string why = co_await std::move(look);
  watched->looking = false;
  const auto alive = self.lock();
  if (!alive || watched->over) co_return;
  watched->seen = why.empty();
  watched->why_not = std::move(why);
  (*alive)->settle(*watched);
  watched->first.set();
  (*alive)->look_in(watched, watched->spec.interval);
}

/// While one look hangs no other begins.
Task<std::string> Environments::look_at_path(std::shared_ptr<Watched> watched) const {
  const auto pending = pending_;
  ++*pending;
  const auto executor = needs_.executor;
  const auto looked = std::make_shared<Event>(executor);
  const auto why = std::make_shared<std::string>();
  watched->looked = looked;
  // The thread may come back when there is no loop any more; the event is the loop's.
  const auto look = [looks = looks_, executor, weak = std::weak_ptr(looked), why, path = watched->spec.path] {
    std::string problem = path_problem(path);
    const std::lock_guard lock(looks->mutex);
    if (!looks->open) return;
    asio::post(executor, [weak, why, problem = std::move(problem)]() mutable {
      *why = std::move(problem);
      if (const auto event = weak.lock()) event->set();
    });
  };
  try {
    std::thread(look).detach();
  } catch (const std::system_error& error) {
    *why = std::string("its path cannot be looked at: ") + error.what();
    looked->set();
  }
  co_await looked->wait();
  watched->looked.reset();
  --*pending;
  co_return std::move(*why);
}

Task<std::string> Environments::probe(std::shared_ptr<Watched> watched) const {
  const auto pending = pending_;
  ++*pending;
  const auto executor = needs_.executor;
  const auto timeout = watched->spec.probe_timeout;
  const auto looked = std::make_shared<Event>(executor);
  watched->looked = looked;
  mcp::ChildSpec spec;
  spec.command = watched->spec.probe.front();
  spec.args.assign(watched->spec.probe.begin() + 1, watched->spec.probe.end());
  spec.env = child_environment({}, needs_.variables);
  auto launched = co_await needs_.launcher->launch(std::move(spec));
  if (!launched) {
    watched->looked.reset();
    --*pending;
    co_return std::string(kProbe) + "does not start: " + launched.error().message;
  }
  const auto child = std::move(*launched);
  const auto said = std::make_shared<std::string>();
  const auto drained = std::make_shared<Event>(executor);
  asio::co_spawn(executor, drain(child, true, said), [drained](const std::exception_ptr&) { drained->set(); });
  asio::co_spawn(executor, drain(child, false, std::make_shared<std::string>()), asio::detached);
  asio::co_spawn(executor, child->wait_exit(), [looked, child](const std::exception_ptr&) { looked->set(); });
  co_await looked->wait_until(mcp::Clock::now() + timeout);
  const auto exit = child->exit();
  if (exit && exit->code != 0 && !watched->over) {
    watched->looked = drained;
    co_await drained->wait_until(mcp::Clock::now() + kLastWords);
  }
  watched->looked.reset();
  child->kill();
  --*pending;
  if (!exit) co_return std::string(kProbe) + "did not end within " + seconds_text(timeout);
  if (exit->code == 0) co_return "";
  const std::string words = one_line(*said);
  co_return std::string(kProbe) + "says no (" + exit->text() + ")" + (words.empty() ? "" : ": " + words);
}

}  // namespace gateway
