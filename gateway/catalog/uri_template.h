#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// A URI with what RFC 3986 calls equivalent spelled one way: %XX of unreserved characters decoded, other %XX in upper case, and
/// what may not stand in a URI (blanks, control characters, everything beyond ASCII) encoded.
std::string normalized_uri(std::string_view uri);

/// The scheme of a URI, or of the part of a template before its first expression, in lower case; "" where there is none.
std::string uri_scheme(std::string_view uri);

/// Tells whether a URI could be an expansion of an RFC 6570 template, as MCP servers read theirs: all operators of level 4, each
/// variable with any value its place allows. A value is not empty. {x*} may contain slashes, since servers use it for paths;
/// {?a,b} takes its parameters in any order, and any of them may be missing, as may the whole of {/x}, {.x}, {;x}, {#x} and {&x}.
/// Compares by normalized_uri(). Immutable; any thread.
///
/// A match takes time linear in the URI's length times the template's, whatever they are, and counts what it takes.
class UriTemplate {
 public:
  static constexpr std::size_t kMaxLength = 2048;  // bytes of a template

  /// Nothing where the text is no template: braces that do not pair, an unknown operator, no variable name; or too long.
  static std::optional<UriTemplate> parse(std::string_view text);

  /// `uri` is normalized. Takes its steps off `work`; where that is used up, the answer is no.
  bool matches(std::string_view uri, std::size_t& work) const;

 private:
  friend class UriTemplateCompiler;

  enum class Kind : std::uint8_t {
    byte,      // one certain byte
    segment,   // one byte of a path segment: no / ? #
    path,      // one byte of a path: no ? #
    any,       // any byte
    query,     // one byte of a parameter behind ? or &: no & #
    matrix,    // one byte of a parameter behind ;: no ; / ? #
    fork,      // reads nothing; goes on at both of two places
    accepted,  // reads nothing; the end
  };

  /// A state of the machine that reads URIs.
  struct State {
    Kind kind = Kind::accepted;
    char byte = 0;
    std::uint16_t next = 0, other = 0;  // other: of a fork
  };

  static bool admits(const State& state, char c);

  std::string prefix_;         // the literal text at the beginning, which most URIs of others fail on
  std::vector<State> states_;  // beginning at 0, behind the prefix
};

}  // namespace gateway
