#pragma once

#include <algorithm>
#include <functional>
#include <gmock/gmock.h>
#include <list>
#include <string>
#include <vector>

#include "gateway/explain/explain.h"
#include "tests/gateway/upstream/upstream_fixture.h"

namespace gateway {

/// A gateway made up for explanations: entries with a state and tools of the test's choosing; nothing is started.
class ExplainTest : public UpstreamTest {
 protected:
  struct Entry {
    ServerSpec spec;
    std::vector<CatalogEntry> tools;
    RuntimeStatus status;
    std::optional<AbsentServer> absent = {};
    bool broken = false;
    bool first_start = false;
    std::vector<std::string> refused = {};
  };

  ExplainTest() { config_.file = "f.json"; }

  static CatalogEntry tool(const std::string& name, const std::string& more = "") {
    return {name, R"({"name":")" + name + "\"" + more + "}"};
  }

  /// A program that is ready.
  Entry& add(const std::string& name, const std::vector<std::string>& tools) {
    Entry entry;
    entry.spec = program(name, {});
    entry.status.name = ServerName(name);
    entry.status.state = RuntimeState::ready;
    entry.status.was_read = true;
    entry.status.transport = "stdio";
    for (const std::string& one : tools)
      entry.tools.push_back(tool(one));
    return entries_.emplace_back(std::move(entry));
  }

  Entry& add_remote(const std::string& name, const std::vector<std::string>& tools) {
    Entry& entry = add(name, tools);
    entry.spec.transport = HttpSpec{.url = "https://x.test/mcp", .headers = {}, .ca_file = {}};
    entry.status.transport = "http";
    return entry;
  }

  static void make_absent(Entry& entry, AbsentServer::Kind kind, mcp::Error why) {
    entry.absent = AbsentServer{.name = entry.spec.name, .why = std::move(why), .kind = kind};
    entry.broken = kind == AbsentServer::Kind::broken;
    entry.spec.enabled = kind != AbsentServer::Kind::disabled;
  }

  /// As `profile` shows it; "" means all servers.
  ExplainAnswer ask(const std::string& asked, const std::string& profile = "") {
    ExplainScene scene{.config = &config_, .running = running_};
    config_.servers.clear();
    config_.broken.clear();
    for (const Entry& entry : entries_) {
      if (!entry.broken) config_.servers.push_back(entry.spec);
    }
    for (const ProfileSpec& one : config_.profiles) {
      if (one.name == profile) scene.profile = &one;
    }
    scene.naming.max_length = scene.profile == nullptr ? config_.max_name_length : scene.profile->max_name_length;
    std::vector<std::shared_ptr<Runtime>> all, members;
    auto spec = config_.servers.begin();
    for (const Entry& entry : entries_) {
      ExplainedServer server{.name = entry.spec.name, .absent = entry.absent, .first_start = entry.first_start};
      if (!entry.broken) server.spec = &*spec++;
      const auto is_it = [&](const ServerName& name) { return name == entry.spec.name; };
      server.in_view = scene.profile == nullptr || std::ranges::any_of(scene.profile->servers, is_it);
      if (!entry.absent) {
        all.push_back(runtime_of(entry));
        if (server.in_view) members.push_back(all.back());
        server.status = entry.status;
        server.catalog = all.back()->catalog();
      }
      scene.servers.push_back(std::move(server));
    }
    scene.projection = Projection::build(members, scene.naming);
    scene.everything = Projection::build(all, Naming{.max_length = config_.max_name_length});
    return explain(scene, asked);
  }

  std::list<Entry> entries_;
  Config config_;
  bool running_ = true;

 private:
  std::shared_ptr<Runtime> runtime_of(const Entry& entry) {
    auto list = std::make_shared<CatalogList>();
    list->entries = entry.tools;
    list->refused = entry.refused;
    auto catalog = std::make_shared<ServerCatalog>();
    catalog->replace(CatalogKind::tools, std::move(list));
    auto runtime = make(entry.spec);
    runtime->remember({.catalog = std::move(catalog), .introduction = {}});
    return runtime;
  }
};

/// The step of that stage.
inline const ExplainStep& step_of(const Explanation& walk, ExplainStage stage) {
  return walk.steps.at(static_cast<std::size_t>(stage));
}

}  // namespace gateway
