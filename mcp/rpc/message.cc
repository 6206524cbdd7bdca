#include "mcp/rpc/message.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "mcp/json/text.h"
#include "mcp/rpc/message_scanner.h"

namespace mcp {
namespace {

constexpr Span Envelope::* kMembers[] = {&Envelope::id,
                                         &Envelope::method,
                                         &Envelope::params,
                                         &Envelope::result,
                                         &Envelope::error,
                                         &Envelope::name,
                                         &Envelope::uri,
                                         &Envelope::meta,
                                         &Envelope::arguments,
                                         &Envelope::cursor,
                                         &Envelope::ref,
                                         &Envelope::request_id,
                                         &Envelope::progress_token,
                                         &Envelope::meta_progress_token};
static_assert(sizeof(Envelope) == sizeof(Span) * std::size(kMembers));

constexpr std::string_view kStart = R"({"jsonrpc":"2.0")";

/// Appends what introduces a member, then its JSON text, and returns where that stands.
Span append_member(std::string& text, std::string_view introduction, std::string_view json) {
  text.append(introduction);
  const auto begin = static_cast<std::uint32_t>(text.size());
  text.append(json);
  return {begin, static_cast<std::uint32_t>(text.size())};
}

/// Valid JSON has line breaks between tokens only, where a space does as well.
void join_lines(std::string& text) {
  for (const char line_break : {'\n', '\r'}) {
    if (text.contains(line_break)) std::ranges::replace(text, line_break, ' ');
  }
}

/// What happens to positions when the value at `replaced` is written anew.
struct Shift {
  Span replaced;
  std::uint32_t before = 0, after = 0;  // added to positions before and behind; modulo 2^32

  Span moved(Span span) const {
    const bool inside = span.begin >= replaced.begin && span.end <= replaced.end;
    if (!span.present() || inside) return {};
    return {span.begin + (span.begin < replaced.begin ? before : after), span.end + (span.end <= replaced.begin ? before : after)};
  }
};

}  // namespace

Result<Message> Message::parse(std::string&& text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return fail(ErrorCode::too_large, "The message is longer than 4 GiB.");
  }
  Message message;
  message.buffer_ = std::move(text);
  MessageScanner scanner(message);
  if (scanner.scan()) return message;
  auto error = std::unexpected(scanner.error());
  text = std::move(message.buffer_);
  return error;
}

Message Message::call(MessageKind kind, std::string_view id, std::string_view method, std::string_view params) {
  Message message;
  message.kind_ = kind;
  std::string& text = message.buffer_;
  text.reserve(kStart.size() + id.size() + method.size() + params.size() + 40);
  text += kStart;
  if (!id.empty()) text.append(R"(,"id":)").append(id);
  text.append(R"(,"method":)");
  append_json_string(text, method);
  if (!params.empty()) text.append(R"(,"params":)").append(params);
  text += '}';
  MessageScanner(message).locate();
  return message;
}

Message Message::request(std::string_view id, std::string_view method, std::string_view params) {
  return call(MessageKind::request, id, method, params);
}

Message Message::notification(std::string_view method, std::string_view params) {
  return call(MessageKind::notification, {}, method, params);
}

Message Message::result(std::string_view id, std::string_view result) {
  Message message;
  message.kind_ = MessageKind::response;
  message.buffer_.reserve(kStart.size() + id.size() + result.size() + 20);
  message.buffer_ += kStart;
  message.envelope_.id = append_member(message.buffer_, R"(,"id":)", id);
  message.envelope_.result = append_member(message.buffer_, R"(,"result":)", result);
  message.buffer_ += '}';
  join_lines(message.buffer_);
  return message;
}

Message Message::error(std::string_view id, int code, std::string_view message, std::string_view data) {
  std::string error = R"({"code":)" + std::to_string(code) + R"(,"message":)";
  append_json_string(error, message);
  if (!data.empty()) error.append(R"(,"data":)").append(data);
  error += '}';
  Message built;
  built.kind_ = MessageKind::response;
  built.buffer_ += kStart;
  built.envelope_.id = append_member(built.buffer_, R"(,"id":)", id.empty() ? "null" : id);
  built.envelope_.error = append_member(built.buffer_, R"(,"error":)", error);
  built.buffer_ += '}';
  join_lines(built.buffer_);
  return built;
}

Message Message::clone() const {
  Message copy;
  copy.buffer_ = buffer_;
  copy.begin_ = begin_;
  copy.kind_ = kind_;
  copy.envelope_ = envelope_;
  if (decoded_) copy.decoded_ = std::make_unique<Decoded>(*decoded_);
  return copy;
}

std::string Message::take_text() && {
  std::string text = std::move(buffer_);
  text.erase(0, begin_);
  *this = Message();
  return text;
}

void Message::replace(Span Envelope::* member, std::string_view json) {
  const Span old = envelope_.*member;
  if (!old.present()) return;
  const std::size_t old_size = old.end - old.begin, before = old.begin - begin_, behind = buffer_.size() - old.end;
  const bool fits = json.size() <= old_size + begin_;
  Shift shift{.replaced = old};
  if (json.size() != old_size && before < behind && fits) {
    shift.before = static_cast<std::uint32_t>(old_size - json.size());
    std::memmove(buffer_.data() + static_cast<std::uint32_t>(begin_ + shift.before), buffer_.data() + begin_, before);
    std::memcpy(buffer_.data() + old.end - json.size(), json.data(), json.size());
    begin_ += shift.before;
  } else {
    shift.after = static_cast<std::uint32_t>(json.size() - old_size);
    buffer_.replace(old.begin, old_size, json);
  }
  for (Span Envelope::* const each : kMembers)
    envelope_.*each = shift.moved(envelope_.*each);
  envelope_.*member = {old.begin + shift.before, old.end + shift.after};
  // The others' text has moved, not changed.
  if (member == &Envelope::method || member == &Envelope::name || member == &Envelope::params) decode_names();
}

void Message::set_params(std::string_view json) {
  replace(&Envelope::params, json);
  buffer_.erase(0, begin_);
  begin_ = 0;
  envelope_ = {};
  MessageScanner(*this).locate();
}

void Message::decode_names() {
  const auto escaped = [](std::string_view json) { return json.starts_with('"') && json.contains('\\'); };
  const std::string_view method = raw(envelope_.method), name = raw(envelope_.name);
  decoded_.reset();
  if (!escaped(method) && !escaped(name)) return;
  decoded_ = std::make_unique<Decoded>();
  if (escaped(method)) decoded_->method = decode_json_string(method);
  if (escaped(name)) decoded_->name = decode_json_string(name);
}

}  // namespace mcp
