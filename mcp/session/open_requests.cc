#include "mcp/session/open_requests.h"

#include <algorithm>
#include <functional>
#include <map>

namespace mcp {

namespace {

constexpr int kMaxPatience = 12;  // times the first deadline, for a request that keeps showing signs of life

}  // namespace

OpenRequest::OpenRequest(CallContext& asker, Clock::time_point now) : context(&asker), deadline(asker.deadline) {
  if (deadline == Clock::time_point::max()) return;
  patience = deadline - now;
  last_deadline = now + patience * kMaxPatience;
}

void OpenRequest::extend(Clock::time_point now) {
  if (deadline != Clock::time_point::max()) deadline = std::min(now + patience, last_deadline);
}

OpenRequests::Entry::Entry(OpenRequests& requests, std::uint64_t id, OpenRequest& open) : requests_(requests), id_(id) {
  requests_.open_.emplace(id, &open);
}

OpenRequests::Entry::~Entry() {
  requests_.open_.erase(id_);
}

OpenRequest* OpenRequests::find(std::uint64_t id) const {
  const auto found = open_.find(id);
  return found == open_.end() ? nullptr : found->second;
}

std::vector<OpenRequest*> OpenRequests::with_progress(std::uint64_t id) const {
  if (OpenRequest* open = find(id)) return {open};
  std::map<std::uint64_t, OpenRequest*, std::greater<>> adopters;
  for (const auto& [own_id, open] : open_) {
    if (id != 0 && open->adopted.id == id) adopters.emplace(own_id, open);
  }
  std::vector<OpenRequest*> requests;
  requests.reserve(adopters.size());
  for (const auto& [own_id, open] : adopters)
    requests.push_back(open);
  return requests;
}

std::unordered_map<std::uint64_t, std::uint64_t> OpenRequests::newest_by_client() const {
  std::unordered_map<std::uint64_t, std::uint64_t> newest;
  for (const auto& [id, open] : open_) {
    const std::uint64_t client = open->context->caller().id;
    if (client != 0) newest[client] = std::max(newest[client], id);
  }
  return newest;
}

std::optional<std::uint64_t> OpenRequests::cause_of(std::optional<std::uint64_t> related) const {
  if (related) {
    const OpenRequest* open = find(*related);
    return open != nullptr && open->context->caller().id != 0 ? related : std::nullopt;
  }
  const auto newest = newest_by_client();
  return newest.size() == 1 ? std::optional(newest.begin()->second) : std::nullopt;
}

bool OpenRequests::of_several() const {
  return newest_by_client().size() > 1;
}

std::vector<OpenRequest*> OpenRequests::one_of_each() const {
  std::vector<OpenRequest*> requests;
  for (const auto& [client, id] : newest_by_client())
    requests.push_back(open_.at(id));
  return requests;
}

std::vector<OpenRequest*> OpenRequests::all() const {
  std::vector<OpenRequest*> requests;
  requests.reserve(open_.size());
  for (const auto& [id, open] : open_)
    requests.push_back(open);
  return requests;
}

}  // namespace mcp
