#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mcp/json/scanner.h"
#include "mcp/rpc/message.h"

namespace mcp {

/// Fills in a Message's envelope from its text, in one pass. Lives for one scan; the message's text must not move meanwhile.
class MessageScanner {
 public:
  explicit MessageScanner(Message& message);

  /// Reads the whole text and decides what kind of message it is. When false: error().
  bool scan();

  /// For a text built by ourselves: only the envelope, without the rules for messages.
  void locate();

  Error error() const;

 private:
  struct RoutedMember {
    std::string_view name;
    Span Envelope::* span;                 // null for those that only have to be unmistakable:
    Span MessageScanner::* own = nullptr;  // these are noted here
  };

  /// The objects whose members are routed.
  static const RoutedMember kOfMessage[6], kOfParams[8], kOfMeta[1], kOfRef[3];

  bool message();
  bool params_member(const JsonKey& key);
  bool meta_member(const JsonKey& key);
  bool ref_member(const JsonKey& key);
  Span* claim(const JsonKey& key, std::span<const RoutedMember> routed, std::string_view where);
  void check_lookalike(const JsonKey& key, std::span<const RoutedMember> routed, std::string_view where);
  const RoutedMember* find(const JsonKey& key, std::span<const RoutedMember> routed) const;
  template <class Step>
  bool record(Span* span, Step step);
  bool value(Span* span);

  bool check_shape();
  bool check_call();
  bool check_response();
  bool id_is(std::string_view allowed) const;
  bool complain(std::string complaint);
  bool complain(std::string_view member, Span span, std::string_view what);

  Message& message_;
  JsonScanner<char> json_;
  Span jsonrpc_, ref_type_, ref_name_, ref_uri_;
  bool id_is_doubtful_ = false;
  std::string complaint_;  // the first thing that makes valid JSON no acceptable message
};

}  // namespace mcp
