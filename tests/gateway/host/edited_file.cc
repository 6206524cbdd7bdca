#include "tests/gateway/host/edited_file.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gateway {

namespace {

constexpr std::size_t kFewest = 4, kMost = 10;  // servers
constexpr int kVariants = 3;

template <class T>
void swap_two(std::vector<T>& all, Dice& dice) {
  if (!all.empty()) std::swap(all[dice.below(all.size())], all[dice.below(all.size())]);
}

}  // namespace

std::string EditedServer::connection() const {
  return std::to_string(generation) + "/" + std::to_string(remote) + "/" + std::to_string(variant) + (bound ? "/bound" : "");
}

std::string EditedServer::text() const {
  static constexpr std::array kPresentations = {R"("callTimeout":60)",
                                                R"("startupTimeout":59)",
                                                R"("required":true)",
                                                R"("validate":true)",
                                                R"("tools":{"allow":["e*"]})",
                                                R"("tools":{"deny":["x*"]})",
                                                R"("tools":{"deny":["echo"]})"};
  const std::string number = std::to_string(variant);
  std::string text = "\"" + name + "\":{";
  if (remote >= 0) {
    text += R"("url":"@URL)" + std::to_string(remote) + R"(@","headers":{"X-Variant":")" + number + R"(","X-Generation":")" +
            std::to_string(generation) + "\"}";
  } else {
    text += R"("command":"@PROGRAM@","args":["name","g)" + std::to_string(generation) + R"("],"env":{"VARIANT":")" + number + "\"}";
  }
  if (broken) text += R"(,"cwd":"${NOT_SET_ANYWHERE}")";
  if (bound) text += R"(,"environment":"devbox")";
  if (!enabled) text += R"(,"enabled":false)";
  return text + "," + kPresentations[static_cast<std::size_t>(presentation) % kPresentations.size()] + "}";
}

EditedFile::EditedFile(std::uint64_t seed, std::vector<std::string> urls) : dice_(seed), urls_(std::move(urls)) {
  while (servers_.size() < kMost)
    add();
}

std::string EditedFile::free_name() {
  for (;;) {
    const std::string name = "s" + std::to_string(dice_.below(2 * kMost));
    if (std::ranges::find(servers_, name, &EditedServer::name) == servers_.end()) return name;
  }
}

void EditedFile::add() {
  EditedServer server{.name = free_name(), .generation = ++generations_};
  if (dice_.chance(30)) server.remote = static_cast<int>(dice_.below(urls_.size()));
  server.bound = dice_.chance(20);
  servers_.insert(servers_.begin() + static_cast<std::ptrdiff_t>(dice_.below(servers_.size() + 1)), server);
}

void EditedFile::change(EditedServer& server) {
  // Else soon hardly one would run.
  if ((!server.enabled || server.broken) && dice_.chance(60)) {
    server.enabled = true;
    server.broken = false;
    return;
  }
  switch (dice_.below(8)) {
    case 0:
      server.generation = ++generations_;
      break;
    case 1:
      server.variant = (server.variant + 1) % kVariants;
      break;
    case 2:
      server.enabled = !server.enabled;
      break;
    case 3:
      server.broken = server.remote < 0 && !server.broken;
      break;
    case 4:
      server.name = free_name();
      break;
    case 5:
      server.bound = !server.bound;
      break;
    default:
      server.presentation = static_cast<int>(dice_.below(7));
  }
}

void EditedFile::edit() {
  const std::size_t kind = dice_.below(10);
  if (kind == 0 && servers_.size() < kMost) return add();
  if (kind == 1 && servers_.size() > kFewest) {
    servers_.erase(servers_.begin() + static_cast<std::ptrdiff_t>(dice_.below(servers_.size())));
  } else if (kind == 2) {
    swap_two(servers_, dice_);
  } else if (kind == 3) {
    ++settings_;
  } else if (kind == 4) {
    profile_.clear();
    for (const EditedServer& server : servers_) {
      if (dice_.chance(50)) profile_.push_back(server.name);
    }
    swap_two(profile_, dice_);
  } else {
    change(servers_[dice_.below(servers_.size())]);
  }
}

std::string EditedFile::text() const {
  std::string text = R"({"listen":"127.0.0.1:0","environments":{"devbox":{}},"listPageSize":)" + std::to_string(1 + settings_ % 3) +
                     R"(,"maxNameLength":)" + std::to_string(40 + settings_ % 4) +
                     R"(,"startupWait":60,"profiles":{"coding":{"servers":[)";
  for (std::size_t i = 0; i < profile_.size(); ++i)
    text += (i == 0 ? "\"" : ",\"") + profile_[i] + "\"";
  text += "]}},\n\"mcpServers\":{";
  for (std::size_t i = 0; i < servers_.size(); ++i)
    text += (i == 0 ? "\n" : ",\n") + servers_[i].text();
  return text + "}}";
}

}  // namespace gateway
