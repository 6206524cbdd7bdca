#include "mcp/http/client_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <utility>
#include <vector>

#include "mcp/base/ascii.h"

namespace mcp {

namespace http = boost::beast::http;

struct ResponseParser::Impl final : http::basic_parser<false> {
  using Code = boost::beast::error_code;
  using View = boost::beast::string_view;

  struct Field {
    std::size_t begin, name_size, value_size;
  };

  Impl(std::size_t max_head, bool no_body) {
    header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(max_head, std::numeric_limits<std::uint32_t>::max())));
    body_limit(boost::none);
    skip(no_body);
    text.reserve(512);
    fields.reserve(12);
  }

  void on_request_impl(http::verb, View, View, int, Code&) override {}

  void on_response_impl(int code, View, int, Code&) override { status = code; }

  void on_field_impl(http::field, View name, View value, Code&) override {
    if (in_body) return;  // a trailer
    fields.push_back({text.size(), name.size(), value.size()});
    text.append(name.data(), name.size()).append(value.data(), value.size());
  }

  void on_header_impl(Code&) override { in_body = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}

  std::size_t on_body_impl(View body, Code&) override {
    piece = {body.data(), body.size()};
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, View body, Code& code) override { return on_body_impl(body, code); }

  void on_finish_impl(Code&) override {}

  int status = 0;
  bool in_body = false;
  std::string text;  // names and values, one after another
  std::vector<Field> fields;
  std::string_view piece;
  std::string error;
};

ResponseParser::ResponseParser(std::size_t max_head, bool no_body) : impl_(std::make_unique<Impl>(max_head, no_body)) {}

ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

ResponseParser::State ResponseParser::put(std::string_view bytes, std::size_t& consumed) {
  boost::system::error_code error;
  consumed += impl_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (!error) return State::progress;
  if (error == http::error::need_more) return State::need_more;
  if (error == http::error::header_limit) return State::too_large;
  impl_->error = error.message();
  return State::malformed;
}

bool ResponseParser::put_end() {
  boost::system::error_code error;
  impl_->put_eof(error);
  return !error && impl_->is_done();
}

bool ResponseParser::head_done() const {
  return impl_->is_header_done();
}

bool ResponseParser::done() const {
  return impl_->is_done();
}

const std::string& ResponseParser::error() const {
  return impl_->error;
}

int ResponseParser::status() const {
  return impl_->status;
}

std::string_view ResponseParser::header(std::string_view name) const {
  for (const auto& field : impl_->fields) {
    auto line = std::string_view(impl_->text).substr(field.begin, field.name_size + field.value_size);
    if (equals_ignoring_case(line.substr(0, field.name_size), name)) return line.substr(field.name_size);
  }
  return {};
}

std::string ResponseParser::all_of(std::string_view name) const {
  std::string all;
  for (const auto& field : impl_->fields) {
    auto line = std::string_view(impl_->text).substr(field.begin, field.name_size + field.value_size);
    if (!equals_ignoring_case(line.substr(0, field.name_size), name)) continue;
    if (!all.empty()) all += ", ";
    all += line.substr(field.name_size);
  }
  return all;
}

std::optional<std::uint64_t> ResponseParser::content_length() const {
  auto length = impl_->content_length();
  return length ? std::optional(*length) : std::nullopt;
}

bool ResponseParser::keep_alive() const {
  return impl_->keep_alive();
}

std::string_view ResponseParser::take_piece() {
  return std::exchange(impl_->piece, {});
}

}  // namespace mcp
