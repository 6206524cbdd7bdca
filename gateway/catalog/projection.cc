#include "gateway/catalog/projection.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <tuple>
#include <utility>

#include "gateway/catalog/callable_name.h"
#include "gateway/config/config_file.h"
#include "mcp/json/text.h"

namespace gateway {

namespace {

constexpr std::string_view kCursorPrefix = "sy1:";

/// The tool object with another name.
std::string renamed(const std::string& tool, const CallableName& name) {
  const std::string_view old = mcp::member(tool, "name");
  const auto at = static_cast<std::size_t>(old.data() - tool.data());
  std::string text;
  text.reserve(tool.size() + name.str().size());
  text.append(tool, 0, at);
  mcp::append_json_string(text, name.str());
  text.append(tool, at + old.size());
  return text;
}

}  // namespace

std::shared_ptr<const Projection> Projection::build(const std::vector<std::shared_ptr<Runtime>>& runtimes, Naming naming) {
  struct Candidate {
    Route route;
    const std::string* text = nullptr;
  };
  std::vector<Candidate> candidates;
  auto projection = std::make_shared<Projection>();
  for (const auto& runtime : runtimes) {
    const ServerSpec& spec = runtime->spec();
    for (const ToolEntry& tool : runtime->catalog()->tools) {
      CallableName name = naming.own_names ? CallableName(tool.name.str()) : callable_name(spec.name, tool.name, naming.max_length);
      Route route{std::move(name), spec.name, tool.name, runtime};
      if (admits(spec, tool.name.str())) {
        candidates.push_back({std::move(route), &tool.text});
      } else {
        projection->filtered_.push_back(std::move(route));
      }
    }
  }
  if (!naming.own_names) {
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
      return std::tie(a.route.callable, a.route.server, a.route.tool) < std::tie(b.route.callable, b.route.server, b.route.tool);
    });
  }
  projection->routes_.reserve(candidates.size());
  for (auto& candidate : candidates)
    projection->add(std::move(candidate.route), *candidate.text, naming.own_names);
  projection->render();
  return projection;
}

void Projection::add(Route route, const std::string& text, bool own_name) {
  if (!routes_.empty() && routes_.back().callable == route.callable) {
    clashes_.push_back("tool \"" + route.tool.str() + "\" of server \"" + route.server.str() + "\" is not offered: its name " +
                       route.callable.str() + " is that of \"" + routes_.back().tool.str() + "\" of \"" +
                       routes_.back().server.str() + "\"");
    return;
  }
  texts_.push_back(own_name ? text : renamed(text, route.callable));
  routes_.push_back(std::move(route));
}

void Projection::render() {
  index_.reserve(routes_.size());
  for (std::size_t i = 0; i < routes_.size(); ++i)
    index_.emplace(routes_[i].callable.str(), i);
  for (std::size_t i = 0; i < filtered_.size(); ++i)
    filtered_index_.emplace(filtered_[i].callable.str(), i);
  whole_ = "{\"tools\":[";
  whole_.reserve(std::accumulate(texts_.begin(), texts_.end(), whole_.size() + 2, [](std::size_t sum, const std::string& text) {
    return sum + text.size() + 1;
  }));
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    if (i > 0) whole_ += ',';
    whole_ += texts_[i];
  }
  whole_ += "]}";
}

const Route* Projection::find(std::string_view callable) const {
  const auto found = index_.find(callable);
  return found == index_.end() ? nullptr : &routes_[found->second];
}

const Route* Projection::find_filtered(std::string_view callable) const {
  const auto found = filtered_index_.find(callable);
  return found == filtered_index_.end() ? nullptr : &filtered_[found->second];
}

mcp::Result<std::string> Projection::page(std::string_view cursor, std::size_t size) const {
  std::size_t begin = 0;
  if (!cursor.empty()) {
    const auto invalid = mcp::fail(
        mcp::ErrorCode::invalid_params, "the cursor is not one of this list", "Start again with tools/list without a cursor.");
    if (!cursor.starts_with(kCursorPrefix)) return invalid;
    const std::string_view last = cursor.substr(kCursorPrefix.size());
    if (last.empty()) return invalid;
    // Sorted views go on behind the last name, whether or not it is still there; a server's own order goes on behind its place.
    const bool sorted = std::ranges::is_sorted(routes_, {}, &Route::callable);
    if (sorted) {
      begin = static_cast<std::size_t>(
          std::ranges::upper_bound(routes_, last, {}, [](const Route& route) { return std::string_view(route.callable.str()); }) -
          routes_.begin());
    } else if (const auto found = index_.find(last); found != index_.end()) {
      begin = found->second + 1;
    } else {
      return invalid;
    }
  }
  const std::size_t end = std::min(routes_.size(), begin + size);
  if (begin == 0 && end == routes_.size()) return whole_;
  std::string text = "{\"tools\":[";
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin) text += ',';
    text += texts_[i];
  }
  text += ']';
  if (end < routes_.size()) {
    text += ",\"nextCursor\":";
    mcp::append_json_string(text, std::string(kCursorPrefix) + routes_[end - 1].callable.str());
  }
  text += '}';
  return text;
}

std::string Projection::nearest(std::string_view callable) const {
  // Plain edit distance, bounded: names and the number of tools are, too, and this runs only when a call went wrong.
  const std::string_view wanted = callable.substr(0, 128);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(wanted.size() / 3, 2) + 1;
  std::vector<std::size_t> row;
  for (const Route& route : routes_) {
    const std::string& name = route.callable.str();
    if (name.size() > wanted.size() + best_distance || wanted.size() > name.size() + best_distance) continue;
    row.resize(name.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i + 1);
      for (std::size_t j = 0; j < name.size(); ++j) {
        const std::size_t replaced = diagonal + (wanted[i] == name[j] ? 0 : 1);
        diagonal = std::exchange(row[j + 1], std::min({row[j + 1] + 1, row[j] + 1, replaced}));
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = name;
    }
  }
  return best;
}

}  // namespace gateway
