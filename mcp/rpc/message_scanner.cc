#include "mcp/rpc/message_scanner.h"

#include <algorithm>
#include <utility>

#include "mcp/base/ascii.h"
#include "mcp/json/text.h"

namespace mcp {
namespace {

/// What a value of these types begins with.
constexpr std::string_view kStringOrNumber = "\"-0123456789", kStringNumberOrNull = "\"-0123456789n";

/// Without what some readers do not see: NULs at the end, and two letters that fold to ASCII ones.
std::string folded_key(std::string key) {
  while (key.ends_with('\0'))
    key.pop_back();
  constexpr std::pair<std::string_view, char> kFolded[] = {{"\u017F", 's'}, {"\u212A", 'k'}};
  for (const auto& [letter, ascii] : kFolded) {
    for (auto at = key.find(letter); at != std::string::npos; at = key.find(letter, at + 1))
      key.replace(at, letter.size(), 1, ascii);
  }
  return key;
}

}  // namespace

const MessageScanner::RoutedMember MessageScanner::kOfMessage[] = {{"jsonrpc", nullptr, &MessageScanner::jsonrpc_},
                                                                   {"id", &Envelope::id},
                                                                   {"method", &Envelope::method},
                                                                   {"params", &Envelope::params},
                                                                   {"result", &Envelope::result},
                                                                   {"error", &Envelope::error}};
const MessageScanner::RoutedMember MessageScanner::kOfParams[] = {{"name", &Envelope::name},
                                                                  {"uri", &Envelope::uri},
                                                                  {"_meta", &Envelope::meta},
                                                                  {"arguments", &Envelope::arguments},
                                                                  {"cursor", &Envelope::cursor},
                                                                  {"ref", &Envelope::ref},
                                                                  {"requestId", &Envelope::request_id},
                                                                  {"progressToken", &Envelope::progress_token}};
const MessageScanner::RoutedMember MessageScanner::kOfMeta[] = {{"progressToken", &Envelope::meta_progress_token}};
const MessageScanner::RoutedMember MessageScanner::kOfRef[] = {{"type", nullptr, &MessageScanner::ref_type_},
                                                               {"name", nullptr, &MessageScanner::ref_name_},
                                                               {"uri", nullptr, &MessageScanner::ref_uri_}};

MessageScanner::MessageScanner(Message& message)
    : message_(message), json_(message.buffer_.data(), message.buffer_.data() + message.buffer_.size()) {}

bool MessageScanner::scan() {
  json_.skip_space();
  if (json_.peek() != '{') {
    const bool is_batch = json_.peek() == '[';
    if (!json_.value() || !json_.finish()) return false;
    return complain(is_batch ? "The message is an array: batches are not supported." : "The message is not a JSON object.");
  }
  if (!message() || !json_.finish() || !complaint_.empty() || !check_shape()) return false;
  message_.decode_names();
  return true;
}

void MessageScanner::locate() {
  message();
  message_.decode_names();
}

bool MessageScanner::message() {
  return json_.object([this](const JsonKey& key) {
    Span* span = claim(key, kOfMessage, "");
    if (span != &message_.envelope_.params || json_.peek() != '{') return value(span);
    return record(span, [this] { return json_.object([this](const JsonKey& inner) { return params_member(inner); }); });
  });
}

bool MessageScanner::params_member(const JsonKey& key) {
  Span* span = claim(key, kOfParams, "params.");
  if (span == nullptr || json_.peek() != '{') return value(span);
  if (span == &message_.envelope_.meta) {
    return record(span, [this] { return json_.object([this](const JsonKey& inner) { return meta_member(inner); }); });
  }
  if (span == &message_.envelope_.ref) {
    return record(span, [this] { return json_.object([this](const JsonKey& inner) { return ref_member(inner); }); });
  }
  return value(span);
}

bool MessageScanner::meta_member(const JsonKey& key) {
  return value(claim(key, kOfMeta, "params._meta."));
}

bool MessageScanner::ref_member(const JsonKey& key) {
  return value(claim(key, kOfRef, "params.ref."));
}

const MessageScanner::RoutedMember* MessageScanner::find(const JsonKey& key, std::span<const RoutedMember> routed) const {
  std::string decoded;
  std::string_view name = key.text;
  if (key.has_escapes) {
    decoded = decode_json_string({key.text.data() - 1, key.text.size() + 2});
    name = decoded;
  }
  const auto* found = std::ranges::find(routed, name, &RoutedMember::name).base();
  return found != routed.data() + routed.size() ? found : nullptr;
}

/// The span to fill in when `key` is a routed member; nothing when it is not, or may not stand here.
Span* MessageScanner::claim(const JsonKey& key, std::span<const RoutedMember> routed, std::string_view where) {
  const RoutedMember* member = find(key, routed);
  if (member == nullptr) {
    check_lookalike(key, routed, where);
    return nullptr;
  }
  Span& span = member->span != nullptr ? message_.envelope_.*(member->span) : this->*(member->own);
  if (!key.has_escapes && !span.present()) return &span;
  const auto begin = static_cast<std::uint32_t>(key.text.data() - 1 - message_.buffer_.data());
  complain(std::string(where).append(member->name), {begin, begin}, key.has_escapes ? "is spelled with escapes" : "occurs twice");
  if (member->span == &Envelope::id) id_is_doubtful_ = true;
  return nullptr;
}

/// Complains of a key that is none of the routed ones but is taken for one by lenient readers: Go's ignore case, and with it that
/// the long s and the Kelvin sign fold to ASCII letters; some cut a key at its NUL.
void MessageScanner::check_lookalike(const JsonKey& key, std::span<const RoutedMember> routed, std::string_view where) {
  const bool plain = !key.has_escapes && std::ranges::all_of(key.text, [](char c) { return c >= 0; });
  const std::string folded = plain ? std::string() : folded_key(decode_json_string({key.text.data() - 1, key.text.size() + 2}));
  const std::string_view name = plain ? key.text : std::string_view(folded);
  for (const RoutedMember& member : routed) {
    if (!equals_ignoring_case(name, member.name)) continue;
    const auto begin = static_cast<std::uint32_t>(key.text.data() - 1 - message_.buffer_.data());
    complain(std::string(where).append(member.name), {begin, begin}, "is spelled in another way");
    if (member.span == &Envelope::id) id_is_doubtful_ = true;
  }
}

template <class Step>
bool MessageScanner::record(Span* span, Step step) {
  const auto begin = static_cast<std::uint32_t>(json_.position());
  if (!step()) return false;
  if (span != nullptr) *span = {begin, static_cast<std::uint32_t>(json_.position())};
  return true;
}

bool MessageScanner::value(Span* span) {
  return record(span, [this] { return json_.value(); });
}

bool MessageScanner::check_shape() {
  const Envelope& envelope = message_.envelope_;
  if (!jsonrpc_.present()) return complain("The message has no member \"jsonrpc\".");
  const std::string_view version = message_.raw(jsonrpc_);
  if (version != R"("2.0")" && decode_json_string(version) != "2.0") return complain("jsonrpc", jsonrpc_, "must be \"2.0\"");
  if (envelope.params.present() && message_.raw(envelope.params).front() != '{') {
    return complain("params", envelope.params, "must be an object");
  }
  return envelope.method.present() ? check_call() : check_response();
}

bool MessageScanner::check_call() {
  const Envelope& envelope = message_.envelope_;
  if (message_.raw(envelope.method).front() != '"') return complain("method", envelope.method, "must be a string");
  if (envelope.result.present()) return complain("result", envelope.result, "may not stand beside \"method\"");
  if (envelope.error.present()) return complain("error", envelope.error, "may not stand beside \"method\"");
  if (!envelope.id.present()) {
    message_.kind_ = MessageKind::notification;
    return true;
  }
  message_.kind_ = MessageKind::request;
  return id_is(kStringOrNumber) || complain("id", envelope.id, "must be a string or a number");
}

bool MessageScanner::check_response() {
  const Envelope& envelope = message_.envelope_;
  message_.kind_ = MessageKind::response;
  if (!envelope.error.present()) {
    if (!envelope.result.present()) return complain("The message has none of \"method\", \"result\" and \"error\".");
    if (!envelope.id.present()) return complain("The message has a \"result\" but no \"id\".");
    return id_is(kStringOrNumber) || complain("id", envelope.id, "must be a string or a number");
  }
  if (envelope.result.present()) return complain("result", envelope.result, "may not stand beside \"error\"");
  if (message_.raw(envelope.error).front() != '{') return complain("error", envelope.error, "must be an object");
  // Who could not read a request's id answers it with null, or with no id at all.
  return !envelope.id.present() || id_is(kStringNumberOrNull) || complain("id", envelope.id, "must be a string, a number or null");
}

/// Whether the id's value begins with one of these.
bool MessageScanner::id_is(std::string_view allowed) const {
  return allowed.contains(message_.id().front());
}

bool MessageScanner::complain(std::string complaint) {
  if (complaint_.empty()) complaint_ = std::move(complaint);
  return false;
}

bool MessageScanner::complain(std::string_view member, Span span, std::string_view what) {
  std::string text = "The message's member \"";
  text.append(member).append("\" at byte ").append(std::to_string(span.begin)).append(" ").append(what).append(".");
  return complain(std::move(text));
}

Error MessageScanner::error() const {
  const std::string where = std::string(json_.problem()) + " at byte " + std::to_string(json_.position()) + ".";
  if (!json_.problem().empty() && !json_.too_deep()) return {ErrorCode::parse_error, "The message is not valid JSON: " + where};
  Error error{ErrorCode::invalid_request, json_.too_deep() ? "The message is " + where : complaint_};
  if (message_.envelope_.id.present() && !id_is_doubtful_ && id_is(kStringOrNumber)) error.data = message_.id();
  return error;
}

}  // namespace mcp
