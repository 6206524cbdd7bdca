#include "mcp/session/http_sessions.h"

#include <utility>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/base/random.h"

namespace mcp {

std::shared_ptr<HttpSession> HttpSessions::open(std::string path, std::shared_ptr<ServerSession> session) {
  if (sessions_.size() >= max_sessions_ && !make_room()) return nullptr;
  auto entry = std::make_shared<HttpSession>(pool_);
  entry->id = random_hex(16);
  entry->path = std::move(path);
  entry->session = std::move(session);
  entry->last_used = Clock::now();
  sessions_.emplace(entry->id, entry);
  return entry;
}

bool HttpSessions::make_room() {
  std::shared_ptr<HttpSession> oldest;
  for (const auto& [id, session] : sessions_) {
    if (session->idle() && (!oldest || session->last_used < oldest->last_used)) oldest = session;
  }
  if (!oldest) return false;
  erase(oldest, {ErrorCode::session_lost, "the session was idle longest when there were too many"});
  return true;
}

std::shared_ptr<HttpSession> HttpSessions::find(std::string_view id, std::string_view path) const {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second->path != path) return nullptr;
  return found->second;
}

void HttpSessions::erase(const std::shared_ptr<HttpSession>& session, const Error& reason) {
  if (sessions_.erase(session->id) == 0) return;
  session->session->cancel_all(reason);
  session->session->set_outlet({});
  session->streams.close();
}

void HttpSessions::sweep(std::chrono::steady_clock::time_point limit, const std::function<void(HttpSession&)>& visit) {
  std::vector<std::shared_ptr<HttpSession>> expired;
  for (const auto& [id, session] : sessions_) {
    if (session->idle() && session->last_used < limit) {
      expired.push_back(session);
    } else {
      visit(*session);
    }
  }
  for (const auto& session : expired)
    erase(session, {ErrorCode::session_lost, "the session was idle for too long"});
}

}  // namespace mcp
