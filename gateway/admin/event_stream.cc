#include "gateway/admin/event_stream.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "gateway/admin/admin_views.h"
#include "gateway/config/jsonc.h"
#include "gateway/config/near_name.h"

namespace gateway {

using mcp::Result;

namespace {

/// The number of an id "NAME.NUMBER" that is of this log.
std::optional<std::uint64_t> number_in(std::string_view id, const EventLog& log) {
  if (!id.starts_with(log.name() + ".")) return std::nullopt;
  id.remove_prefix(log.name().size() + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

mcp::Error unknown_server(const std::string& name, const GatewayStatus& status) {
  std::vector<std::string_view> known;
  known.reserve(status.servers.size() + status.absent.size());
  for (const RuntimeStatus& server : status.servers)
    known.push_back(server.name.str());
  for (const AbsentServer& absent : status.absent)
    known.push_back(absent.name.str());
  return {mcp::ErrorCode::config_invalid,
          "there is no server " + quoted(name) + name_hint(name, known),
          "See switchyard list for the servers there are."};
}

}  // namespace

EventStream::EventStream(AdminSource& source, std::string server)
    : source_(source), log_(source.events()), listener_(log_), server_(std::move(server)) {}

Result<std::unique_ptr<EventStream>> EventStream::open(AdminSource& source, std::string server, std::string_view last_seen) {
  std::unique_ptr<EventStream> stream(new EventStream(source, std::move(server)));
  // Who is lost tries again soon: what it missed is kept for a while only.
  stream->first_ = "retry: 1000\n\n";
  auto snapshot = stream->snapshot();
  if (!snapshot) return std::unexpected(std::move(snapshot).error());
  const auto seen = number_in(last_seen, stream->log_);
  if (seen && stream->log_.after(*seen)) {
    stream->seen_ = *seen;
  } else {
    stream->first_ += *snapshot;
  }
  return stream;
}

std::optional<std::string> EventStream::next() {
  listener_.clear();
  std::string text = std::exchange(first_, {});
  const auto events = log_.after(seen_);
  if (!events) {
    auto snapshot = this->snapshot();
    if (!snapshot) return std::nullopt;
    return text + *snapshot;
  }
  for (const auto& event : *events) {
    seen_ = event->id;
    if (server_.empty() || event->server.empty() || event->server == server_) text += frame(event->id, event->type, event->data);
  }
  return text;
}

Result<std::string> EventStream::snapshot() {
  auto moment = source_.moment();
  if (!moment) return std::unexpected(std::move(moment).error());
  GatewayStatus& status = moment->status;
  if (!server_.empty()) {
    const mcp::Error unknown = unknown_server(server_, status);
    std::erase_if(status.servers, [&](const RuntimeStatus& one) { return one.name.str() != server_; });
    std::erase_if(status.absent, [&](const AbsentServer& one) { return one.name.str() != server_; });
    if (status.servers.empty() && status.absent.empty()) return std::unexpected(unknown);
  }
  seen_ = moment->last_event;
  return frame(seen_, "snapshot", servers_json(status));
}

std::string EventStream::frame(std::uint64_t id, const std::string& type, std::string_view data) const {
  std::string text = "id: " + log_.name() + "." + std::to_string(id) + "\nevent: " + type + "\ndata: ";
  return text.append(data).append("\n\n");
}

}  // namespace gateway
