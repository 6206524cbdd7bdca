#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/base/result.h"

namespace mcp {

/// Where a value stands in a Message's text: [begin, end). A member that is absent has end == 0.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  bool present() const { return end != 0; }
};

/// The members a gateway looks at. Their values stay where they came in.
struct Envelope {
  Span id, method, params, result, error;   // of the message
  Span name, uri, meta, arguments, cursor;  // of params
  Span ref;                                 // of params: completion/complete
  Span request_id, progress_token;          // of params: notifications/cancelled, notifications/progress
  Span meta_progress_token;                 // of params._meta
};

enum class MessageKind { request, notification, response };

/// One JSON-RPC 2.0 message: the text as it came, and where a few members stand, found in one pass without allocation. Nothing is
/// lost in forwarding: unknown members, the order of members and the spelling of numbers stay as they were.
///
/// parse() refuses what two readers could understand differently, since a policy would then judge one name and the server run
/// another: a routed member (those of Envelope, and "jsonrpc") that occurs twice, whose key is spelled with escapes, or beside
/// which a key stands that lenient readers take for it ("Name"). It refuses text that is not valid JSON in valid UTF-8, is nested
/// deeper than kMaxDepth, is an array (a batch), or is no JSON-RPC message. Line breaks between tokens become spaces, so a text is
/// always one line; the escape of a lone surrogate becomes that of U+FFFD.
///
/// Move only; not thread-safe, no thread of its own.
class Message {
 public:
  static constexpr int kMaxDepth = 128;

  /// Errors: parse_error (not JSON; -32700) or invalid_request (JSON, but no message we accept; -32600). The message names the
  /// offending member and the byte it stands at. Error::data of an invalid_request is the id's JSON text, where the id could be
  /// read and is a string or a number. too_large: 4 GiB or more.
  /// Takes the text; where it returns an Error, the text is in its place again.
  static Result<Message> parse(std::string&& text);
  static Result<Message> parse(const std::string& text) { return parse(std::string(text)); }

  /// Built by us; `params`, `result` and `id` are JSON text (params may be empty: left out).
  static Message request(std::string_view id, std::string_view method, std::string_view params);
  static Message notification(std::string_view method, std::string_view params);
  static Message result(std::string_view id, std::string_view result);
  /// `data` is JSON text or empty. An empty `id` becomes null.
  static Message error(std::string_view id, int code, std::string_view message, std::string_view data = {});

  Message(Message&&) noexcept = default;
  Message& operator=(Message&&) noexcept = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  /// A deep copy, for the rare place that needs one.
  Message clone() const;

  MessageKind kind() const { return kind_; }

  /// The whole message, one line, no trailing newline.
  std::string_view text() const { return std::string_view(buffer_).substr(begin_); }

  /// Takes the text out; the Message is empty afterwards.
  std::string take_text() &&;

  const Envelope& envelope() const { return envelope_; }

  /// The JSON text of a member ("" when absent): id() is `7` or `"a"`, not decoded.
  std::string_view raw(Span span) const {
    return span.present() ? std::string_view(buffer_).substr(span.begin, span.end - span.begin) : std::string_view();
  }

  std::string_view id() const { return raw(envelope_.id); }

  /// Decoded values of string members; "" when absent or not a string. Views stay valid until the message changes or moves.
  std::string_view method() const {
    return !decoded_ || decoded_->method.empty() ? unquoted(envelope_.method) : std::string_view(decoded_->method);
  }

  std::string_view name() const {
    return !decoded_ || decoded_->name.empty() ? unquoted(envelope_.name) : std::string_view(decoded_->name);
  }

  bool is_error() const { return envelope_.error.present(); }

  /// Writes a new JSON text in the place of a member that is present, moving the shorter side of the text. The spans of every
  /// member that does not lie inside the replaced one stay right; members inside it become absent. `json` must be a valid JSON
  /// value on one line, and no view of this message.
  void replace(Span Envelope::* member, std::string_view json);

  /// The same for params, where they are present; the members inside are found anew.
  void set_params(std::string_view json);

  void set_id(std::string_view json) { replace(&Envelope::id, json); }

 private:
  friend class MessageScanner;
  Message() = default;

  static Message call(MessageKind kind, std::string_view id, std::string_view method, std::string_view params);
  /// Decodes method and name where they have escapes.
  void decode_names();

  std::string_view unquoted(Span span) const {
    return span.present() && buffer_[span.begin] == '"'
               ? std::string_view(buffer_).substr(span.begin + 1, span.end - span.begin - 2)
               : std::string_view();
  }

  std::string buffer_;
  std::uint32_t begin_ = 0;  // the text starts here; what is before is free room left by a shorter replacement
  MessageKind kind_ = MessageKind::notification;
  Envelope envelope_;

  /// Values of those whose text has escapes; the others are "".
  struct Decoded {
    std::string method, name;
  };

  std::unique_ptr<Decoded> decoded_;  // rarely there: a message is moved often and should be small
};

}  // namespace mcp
