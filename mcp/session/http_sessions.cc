#include "mcp/session/http_sessions.h"

#include <utility>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/base/random.h"

namespace mcp {

namespace {

/// What the server says of its own accord goes to the session's streams.
void join_streams(const std::shared_ptr<HttpSession>& session) {
  session->session->set_outlet([weak = std::weak_ptr(session)](const Message& message) {
    const auto target = weak.lock();
    if (target) target->streams.push(message);
    return target != nullptr;
  });
  session->session->set_listens([weak = std::weak_ptr(session)] {
    const auto target = weak.lock();
    return target && target->streams.is_listening();
  });
  session->streams.set_on_question_lost([weak = std::weak_ptr(session->session)](std::string_view question) {
    if (const auto target = weak.lock()) target->question_lost(question);
  });
}

}  // namespace

std::shared_ptr<HttpSession> HttpSessions::open(std::string path, std::string credential, std::shared_ptr<ServerSession> session) {
  if (sessions_.size() >= max_sessions_ && !make_room()) return nullptr;
  auto entry = std::make_shared<HttpSession>(pool_);
  entry->id = random_hex(16);
  entry->path = std::move(path);
  entry->credential = std::move(credential);
  entry->session = std::move(session);
  entry->last_used = Clock::now();
  join_streams(entry);
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

std::shared_ptr<HttpSession> HttpSessions::find(std::string_view id, std::string_view path, std::string_view credential) const {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second->path != path || found->second->credential != credential) return nullptr;
  return found->second;
}

void HttpSessions::erase(const std::shared_ptr<HttpSession>& session, const Error& reason) {
  if (sessions_.erase(session->id) == 0) return;
  session->session->cancel_all(reason);
  session->session->set_outlet({});
  session->streams.close();
}

void HttpSessions::erase_unless(const std::function<bool(std::string_view credential)>& keeps, const Error& reason) {
  std::vector<std::shared_ptr<HttpSession>> ended;
  for (const auto& [id, session] : sessions_) {
    if (!keeps(session->credential)) ended.push_back(session);
  }
  for (const auto& session : ended)
    erase(session, reason);
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
