#include "gateway/upstream/resource_subscriptions.h"

#include <algorithm>
#include <utility>

#include "mcp/json/text.h"

namespace gateway {

using mcp::Message;

namespace {

/// Whether one URI can name a part of what the other names: "file:///a/b" of "file:///a" and of "file:///a/", not of "file:///".
bool is_part_of(std::string_view part, std::string_view whole) {
  if (!part.starts_with(whole) || part.size() == whole.size()) return false;
  const char next = part[whole.size()];
  return whole.ends_with('/') || next == '/' || next == '#' || next == '?';
}

Message update_of(std::string_view uri) {
  const std::string params = "{\"uri\":" + mcp::json_string(uri) + "}";
  return Message::notification("notifications/resources/updated", params);
}

}  // namespace

std::string updated_uri(const Message& notification) {
  const std::string_view uri = notification.raw(notification.envelope().uri);
  return mcp::decode_json_string(uri);
}

Message with_uri(const Message& notification, std::string_view uri) {
  Message copy = notification.clone();
  const std::string json = mcp::json_string(uri);
  if (copy.raw(copy.envelope().uri) != json) copy.replace(&mcp::Envelope::uri, json);
  return copy;
}

std::string shown_uri(const std::map<std::string, std::string, std::less<>>& subscriptions, std::string_view uri) {
  if (const auto found = subscriptions.find(uri); found != subscriptions.end()) return found->second;
  for (const auto& [whole, shown] : subscriptions) {
    if (is_part_of(uri, whole)) return shown + std::string(uri.substr(whole.size()));
  }
  return {};
}

bool ResourceSubscriptions::add(const std::shared_ptr<mcp::ClientPeer>& client, std::string uri, std::string shown) {
  const std::uint64_t id = client->caller().id;
  std::size_t have = 0;
  for (const auto& [each, subscribers] : subscribers_)
    have += static_cast<std::size_t>(std::ranges::count(subscribers, id, &Subscriber::id));
  if (have >= kMaxOfClient) return false;
  auto& all = subscribers_[std::move(uri)];
  const auto found = std::ranges::find_if(all, [&](const Subscriber& one) { return one.id == id && one.shown == shown; });
  if (found == all.end()) all.push_back({id, client, std::move(shown)});
  return true;
}

std::optional<std::string> ResourceSubscriptions::find(std::uint64_t client, std::string_view shown) const {
  for (const auto& [uri, subscribers] : subscribers_) {
    if (std::ranges::any_of(subscribers, [&](const Subscriber& one) { return one.id == client && one.shown == shown; })) return uri;
  }
  return std::nullopt;
}

bool ResourceSubscriptions::remove(std::uint64_t client, std::string_view uri) {
  const auto found = subscribers_.find(uri);
  if (found == subscribers_.end()) return false;
  std::erase_if(found->second, [client](const Subscriber& one) { return one.id == client; });
  if (!found->second.empty()) return false;
  subscribers_.erase(found);
  return true;
}

std::vector<std::string> ResourceSubscriptions::forget(std::uint64_t client) {
  std::vector<std::string> unwanted;
  for (const std::string& uri : uris()) {
    if (remove(client, uri)) unwanted.push_back(uri);
  }
  return unwanted;
}

void ResourceSubscriptions::updated(const Message& notification) const {
  const std::string uri = updated_uri(notification);
  if (uri.empty()) return;
  std::vector<std::pair<std::shared_ptr<mcp::ClientPeer>, std::string>> told;
  const auto tell = [&told](const std::vector<Subscriber>& subscribers, std::string_view rest) {
    for (const Subscriber& one : subscribers) {
      if (auto client = one.client.lock()) told.emplace_back(std::move(client), one.shown + std::string(rest));
    }
  };
  if (const auto found = subscribers_.find(uri); found != subscribers_.end()) tell(found->second, {});
  for (const auto& [whole, subscribers] : subscribers_) {
    if (is_part_of(uri, whole)) tell(subscribers, std::string_view(uri).substr(whole.size()));
  }
  for (const auto& [client, shown] : told)
    client->push(with_uri(notification, shown));
}

void ResourceSubscriptions::all_updated() const {
  for (const auto& [uri, subscribers] : subscribers_) {
    for (const Subscriber& one : subscribers) {
      if (const auto client = one.client.lock()) client->push(update_of(one.shown));
    }
  }
}

std::vector<std::string> ResourceSubscriptions::uris() const {
  std::vector<std::string> all;
  all.reserve(subscribers_.size());
  for (const auto& [uri, subscribers] : subscribers_)
    all.push_back(uri);
  return all;
}

}  // namespace gateway
