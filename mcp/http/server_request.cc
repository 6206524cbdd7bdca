#include "mcp/http/server_request.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <functional>

#include "mcp/base/ascii.h"

namespace mcp {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t kMaxFields = 200;

/// `field` is Beast's number, known before the name is looked at; `unknown` for those that only MCP has.
struct OnceField {
  http::field field;
  std::string_view name;
  std::string_view refusal;
};

constexpr std::array<OnceField, 7> kOnce = {{
    {http::field::host, "Host", "more than one Host header"},
    {http::field::content_length, "Content-Length", "more than one Content-Length header"},
    {http::field::content_type, "Content-Type", "more than one Content-Type header"},
    {http::field::origin, "Origin", "more than one Origin header"},
    {http::field::authorization, "Authorization", "more than one Authorization header"},
    {http::field::unknown, "Mcp-Session-Id", "more than one Mcp-Session-Id header"},
    {http::field::unknown, "Mcp-Protocol-Version", "more than one Mcp-Protocol-Version header"},
}};

constexpr std::uint32_t kHostBit = 1;

bool starts_with_scheme(std::string_view target, std::string_view scheme) {
  return target.size() >= scheme.size() && equals_ignoring_case(target.substr(0, scheme.size()), scheme);
}

/// True when the request line ends in a well-formed version that is not 1.0 or 1.1.
bool has_other_version(std::string_view text) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  if (line.size() < 9) return false;
  const std::string_view version = line.substr(line.size() - 9);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!version.starts_with(" HTTP/") || !digit(version[6]) || version[7] != '.' || !digit(version[8])) return false;
  return version != " HTTP/1.1" && version != " HTTP/1.0";
}

}  // namespace

/// Beast's strict parser, given one complete head. Remembers the first refusal of our own.
class RequestHead::Parser final : public http::basic_parser<true> {
 public:
  explicit Parser(RequestHead& head) : head_(head) {}

  const Refusal& refusal() const { return refusal_; }

 private:
  void refuse(const Refusal& refusal, beast::error_code& error) {
    if (refusal.status == 0) return;
    refusal_ = refusal;
    error = http::error::bad_value;
  }

  void on_request_impl(
      http::verb /*verb*/, beast::string_view method, beast::string_view target, int version, beast::error_code& error) override {
    head_.http11_ = version == 11;
    refuse(head_.take_target(method, target), error);
  }

  void on_field_impl(http::field field, beast::string_view name, beast::string_view value, beast::error_code& error) override {
    refuse(head_.take_field(static_cast<unsigned>(field), name, value), error);
  }

  void on_response_impl(int /*code*/, beast::string_view /*reason*/, int /*version*/, beast::error_code& /*error*/) override {}

  void on_header_impl(beast::error_code& /*error*/) override {}

  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, beast::error_code& /*error*/) override {}

  std::size_t on_body_impl(beast::string_view body, beast::error_code& /*error*/) override { return body.size(); }

  void on_chunk_header_impl(std::uint64_t /*size*/, beast::string_view /*extensions*/, beast::error_code& /*error*/) override {}

  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, beast::string_view body, beast::error_code& /*error*/) override {
    return body.size();
  }

  void on_finish_impl(beast::error_code& /*error*/) override {}

  RequestHead& head_;
  Refusal refusal_;
};

Refusal RequestHead::parse(std::string_view text) {
  text_.assign(text);
  fields_.clear();
  content_length_ = 0;
  seen_ = 0;
  chunked_ = false;
  expects_continue_ = false;
  Parser parser(*this);
  parser.header_limit(static_cast<std::uint32_t>(text_.size()));
  parser.body_limit(boost::none);
  beast::error_code error;
  parser.put(boost::asio::buffer(text_), error);
  if (parser.refusal().status != 0) return parser.refusal();
  if (error == http::error::bad_version && has_other_version(text_)) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  if (error || !parser.is_header_done()) return {400, "malformed request"};
  if (http11_ && (seen_ & kHostBit) == 0) return {400, "the Host header is missing"};
  keep_alive_ = http11_ && parser.keep_alive();
  content_length_ = parser.content_length().value_or(0);
  return {};
}

void RequestHead::clear() {
  std::string().swap(text_);
  std::vector<Field>().swap(fields_);
  method_ = path_ = query_ = {};
}

std::string_view RequestHead::header(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name.size == name.size() && equals_ignoring_case(view(field.name), name)) return view(field.value);
  }
  return {};
}

bool RequestHead::contains(std::string_view part) const {
  const std::less_equal<const char*> ordered;
  return ordered(text_.data(), part.data()) && ordered(part.data() + part.size(), text_.data() + text_.size());
}

RequestHead::Range RequestHead::range_of(std::string_view part) const {
  return {static_cast<std::uint32_t>(part.data() - text_.data()), static_cast<std::uint32_t>(part.size())};
}

Refusal RequestHead::take_target(std::string_view method, std::string_view target) {
  if (method == "CONNECT") return {400, "CONNECT is not served"};
  method_ = range_of(method);
  std::string_view path = target;
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (!starts_with_scheme(target, scheme)) continue;
    path.remove_prefix(scheme.size());
    path.remove_prefix(std::min(path.size(), path.find_first_of("/?")));
  }
  const bool absolute = path.size() != target.size();
  if (!absolute && !path.starts_with('/')) return {400, "the request target is not a path"};
  const std::size_t mark = path.find('?');
  path_ = range_of(path.substr(0, mark));
  query_ = mark == std::string_view::npos ? Range{} : range_of(path.substr(mark + 1));
  return {};
}

/// Refuses the second of what may come once.
Refusal RequestHead::count(unsigned field, std::string_view name) {
  const auto number = static_cast<http::field>(field);
  for (std::size_t i = 0; i < kOnce.size(); ++i) {
    if (number != kOnce[i].field) continue;
    if (number == http::field::unknown && !equals_ignoring_case(name, kOnce[i].name)) continue;
    const std::uint32_t bit = 1U << i;
    if ((seen_ & bit) != 0) return {400, kOnce[i].refusal};
    seen_ |= bit;
  }
  return {};
}

Refusal RequestHead::take_field(unsigned field, std::string_view name, std::string_view value) {
  if (fields_.size() == kMaxFields) return {431, "too many headers"};
  // A folded value lies elsewhere (unfolded by the parser), or behind a line end.
  const bool within = contains(value);
  const char* const name_end = name.data() + name.size();
  const char* const value_begin = value.data();
  if (!within || std::find(name_end, value_begin, '\n') != value_begin) return {400, "folded header lines are not accepted"};
  if (const Refusal refusal = count(field, name); refusal.status != 0) return refusal;
  if (const Refusal refusal = check_field(field, value); refusal.status != 0) return refusal;
  fields_.push_back({range_of(name), range_of(value)});
  return {};
}

Refusal RequestHead::check_field(unsigned field, std::string_view value) {
  switch (static_cast<http::field>(field)) {
    case http::field::host:
      if (value.empty()) return {400, "the Host header is empty"};
      break;
    case http::field::content_length:
      if (value.find_first_not_of("0123456789") != std::string_view::npos) return {400, "malformed Content-Length"};
      break;
    case http::field::transfer_encoding:
      if (!http11_) return {400, "Transfer-Encoding needs HTTP/1.1"};
      if (!equals_ignoring_case(value, "chunked")) return {501, "no Transfer-Encoding but chunked is understood"};
      chunked_ = true;
      break;
    case http::field::expect:
      if (http11_) expects_continue_ = equals_ignoring_case(value, "100-continue");
      break;
    default:
      break;
  }
  return {};
}

}  // namespace mcp
