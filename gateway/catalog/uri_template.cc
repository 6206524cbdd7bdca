#include "gateway/catalog/uri_template.h"

#include <algorithm>
#include <utility>

#include "mcp/base/percent.h"

namespace gateway {

namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

void append_encoded(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 0xF];
}

/// May it stand in a URI as it is (RFC 3986, 2.2 and 2.3)? Braces may not; in a template they are no literals.
bool may_stand(char c) {
  return c > ' ' && c < 0x7F && !std::string_view("\"<>\\^`{|}").contains(c);
}

bool is_name_char(char c) {
  return mcp::is_unreserved(c) ? c != '-' && c != '~' : c == '%' || static_cast<unsigned char>(c) >= 0x80;
}

struct Variable {
  std::string name;
  bool exploded = false;
};

struct Expression {
  char op = 0;  // 0 for none
  std::vector<Variable> variables;
};

std::optional<Variable> parse_variable(std::string_view text) {
  Variable variable;
  if (text.ends_with('*')) {
    variable.exploded = true;
    text.remove_suffix(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    // How much of the value is taken changes nothing about what it may be.
    if (colon + 1 == text.size() || text.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) return {};
    text = text.substr(0, colon);
  }
  // Some servers name variables with dashes, which the RFC does not know.
  const auto valid = [](char c) { return is_name_char(c) || c == '-'; };
  if (text.empty() || !std::ranges::all_of(text, valid)) return {};
  variable.name = normalized_uri(text);
  return variable;
}

std::optional<Expression> parse_expression(std::string_view text) {
  Expression expression;
  if (!text.empty() && std::string_view("+#./;?&").contains(text.front())) {
    expression.op = text.front();
    text.remove_prefix(1);
  }
  for (;;) {
    const auto comma = text.find(',');
    auto variable = parse_variable(text.substr(0, comma));
    if (!variable) return {};
    expression.variables.push_back(std::move(*variable));
    if (comma == std::string_view::npos) return expression;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string normalized_uri(std::string_view uri) {
  std::string out;
  out.reserve(uri.size());
  for (std::size_t i = 0; i < uri.size(); ++i) {
    const int byte = mcp::percent_byte(uri, i);
    if (byte >= 0) {
      i += 2;
      const char c = static_cast<char>(byte);
      if (mcp::is_unreserved(c)) {
        out += c;
      } else {
        append_encoded(out, c);
      }
    } else if (may_stand(uri[i])) {
      out += uri[i];
    } else {
      append_encoded(out, uri[i]);
    }
  }
  return out;
}

std::string uri_scheme(std::string_view uri) {
  const auto colon = uri.find_first_of(":/?#{");
  if (colon == std::string_view::npos || uri[colon] != ':') return {};
  std::string scheme(uri.substr(0, colon));
  for (char& c : scheme) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return scheme;
}

/// Writes the states of a template one after the other. A state goes on at the one behind it, unless said otherwise.
class UriTemplateCompiler {
 public:
  using Kind = UriTemplate::Kind;

  std::optional<UriTemplate> compile(std::string_view text) {
    bool literal_so_far = true;
    while (!text.empty()) {
      const auto brace = std::min(text.find_first_of("{}"), text.size());
      const std::string literal = normalized_uri(text.substr(0, brace));
      if (literal_so_far) {
        made_.prefix_ = literal;
      } else {
        write(literal);
      }
      text.remove_prefix(brace);
      if (text.empty()) break;
      const auto end = text.find('}');
      if (text.front() == '}' || end == std::string_view::npos) return {};
      const auto expression = parse_expression(text.substr(1, end - 1));
      if (!expression) return {};
      literal_so_far = false;
      write(*expression);
      text.remove_prefix(end + 1);
    }
    add(Kind::accepted);
    return std::move(made_);
  }

 private:
  std::uint16_t place() const { return static_cast<std::uint16_t>(made_.states_.size()); }

  std::uint16_t add(Kind kind, char byte = 0) {
    const std::uint16_t at = place();
    made_.states_.push_back({.kind = kind, .byte = byte, .next = static_cast<std::uint16_t>(at + 1)});
    return at;
  }

  void write(std::string_view literal) {
    for (const char c : literal)
      add(Kind::byte, c);
  }

  void write_some(Kind kind) {
    const std::uint16_t first = add(kind);
    repeat_from(first);
  }

  /// Back to `first` as often as it matches.
  void repeat_from(std::uint16_t first) {
    const std::uint16_t fork = add(Kind::fork);
    made_.states_[fork].other = first;
  }

  /// What `body` writes may be missing.
  template <class Body>
  void write_optional(Body body) {
    const std::uint16_t fork = add(Kind::fork);
    body();
    made_.states_[fork].other = place();
  }

  void write(const Expression& expression) {
    switch (expression.op) {
      case '+':
        return write_some(Kind::any);
      case '#':
        return write_optional([this] {
          add(Kind::byte, '#');
          write_some(Kind::any);
        });
      case '.':
      case '/':
        return write_parts(expression);
      case ';':
        return write_parameters(expression, ';', Kind::matrix);
      case '?':
        return write_query(expression);
      case '&':
        return write_parameters(expression, '&', Kind::query);
      default:
        return write_some(has_exploded(expression) ? Kind::path : Kind::segment);
    }
  }

  static bool has_exploded(const Expression& expression) { return std::ranges::any_of(expression.variables, &Variable::exploded); }

  /// {/x,y}: up to as many parts as there are variables; {/x*}: any number.
  void write_parts(const Expression& expression) {
    const auto part = [&] {
      add(Kind::byte, expression.op);
      write_some(Kind::segment);
    };
    if (has_exploded(expression)) {
      return write_optional([&] {
        const std::uint16_t first = place();
        part();
        repeat_from(first);
      });
    }
    for (std::size_t i = 0; i < expression.variables.size(); ++i)
      write_optional(part);
  }

  /// Any number of ;name=value.
  void write_parameters(const Expression& expression, char separator, Kind value) {
    write_optional([&] {
      const std::uint16_t first = add(Kind::byte, separator);
      write_pair(expression, value);
      repeat_from(first);
    });
  }

  void write_query(const Expression& expression) {
    write_optional([&] {
      add(Kind::byte, '?');
      write_pair(expression, Kind::query);
      write_parameters(expression, '&', Kind::query);
    });
  }

  /// One of the names, and perhaps a value; anything where names come from the values.
  void write_pair(const Expression& expression, Kind value) {
    if (has_exploded(expression)) return write_some(value);
    std::vector<std::uint16_t> ends;
    for (std::size_t i = 0; i < expression.variables.size(); ++i) {
      const bool last = i + 1 == expression.variables.size();
      const std::uint16_t fork = last ? 0 : add(Kind::fork);
      write(expression.variables[i].name);
      if (last) break;
      ends.push_back(add(Kind::fork));
      made_.states_[fork].other = place();
    }
    for (const std::uint16_t end : ends)
      made_.states_[end].next = made_.states_[end].other = place();
    write_optional([&] {
      add(Kind::byte, '=');
      write_optional([&] { write_some(value); });
    });
  }

  UriTemplate made_;
};

std::optional<UriTemplate> UriTemplate::parse(std::string_view text) {
  if (text.size() > kMaxLength) return {};
  return UriTemplateCompiler().compile(text);
}

bool UriTemplate::admits(const State& state, char c) {
  switch (state.kind) {
    case Kind::byte:
      return c == state.byte;
    case Kind::segment:
      return c != '/' && c != '?' && c != '#';
    case Kind::path:
      return c != '?' && c != '#';
    case Kind::any:
      return true;
    case Kind::query:
      return c != '&' && c != '#';
    case Kind::matrix:
      return c != ';' && c != '/' && c != '?' && c != '#';
    default:
      return false;
  }
}

namespace {

/// Places in the machine, each once; forks are followed as they are added.
class Places {
 public:
  explicit Places(std::size_t states) : seen_(states) {}

  void clear() {
    for (const std::uint16_t place : list_)
      seen_[place] = false;
    list_.clear();
  }

  void add(std::uint16_t place) {
    if (seen_[place]) return;
    seen_[place] = true;
    list_.push_back(place);
  }

  const std::vector<std::uint16_t>& list() const { return list_; }

 private:
  std::vector<bool> seen_;
  std::vector<std::uint16_t> list_;
};

}  // namespace

bool UriTemplate::matches(std::string_view uri, std::size_t& work) const {
  if (!uri.starts_with(prefix_)) {
    work -= std::min<std::size_t>(work, 1);
    return false;
  }
  Places now(states_.size()), then(states_.size());
  // The list grows while it is walked: what a fork leads to is looked at in the same round.
  const auto follow = [this](Places& places) {
    for (std::size_t i = 0; i < places.list().size(); ++i) {
      const State& state = states_[places.list()[i]];
      if (state.kind != Kind::fork) continue;
      places.add(state.next);
      places.add(state.other);
    }
  };
  now.add(0);
  follow(now);
  for (const char c : uri.substr(prefix_.size())) {
    if (now.list().empty()) return false;
    if (work < now.list().size()) {
      work = 0;
      return false;
    }
    work -= now.list().size();
    then.clear();
    for (const std::uint16_t place : now.list()) {
      if (admits(states_[place], c)) then.add(states_[place].next);
    }
    follow(then);
    std::swap(now, then);
  }
  return std::ranges::any_of(now.list(), [this](std::uint16_t place) { return states_[place].kind == Kind::accepted; });
}

}  // namespace gateway
