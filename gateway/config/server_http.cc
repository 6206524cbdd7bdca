#include <algorithm>
#include <array>

#include "gateway/config/field_values.h"
#include "gateway/config/secret_hint.h"
#include "gateway/config/server_values.h"
#include "gateway/config/text_file.h"
#include "mcp/base/ascii.h"
#include "mcp/http/url.h"

namespace gateway {
namespace {

constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kMaxAuthorityBytes = std::size_t{16} << 20;

bool is_token(std::string_view text) {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.find(c) != std::string_view::npos;
  });
}

/// What the protocol or the connection sets; a value of the file's would only be in its way.
bool is_ours_to_set(std::string_view name) {
  static constexpr std::array<std::string_view, 14> kNames = {"host",
                                                              "content-length",
                                                              "content-type",
                                                              "accept",
                                                              "accept-encoding",
                                                              "connection",
                                                              "transfer-encoding",
                                                              "upgrade",
                                                              "te",
                                                              "mcp-session-id",
                                                              "mcp-protocol-version",
                                                              "mcp-method",
                                                              "mcp-name",
                                                              "last-event-id"};
  return std::ranges::find(kNames, mcp::ascii_lower(name)) != kNames.end();
}

std::string_view without_outer_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string header_value_problem(std::string_view value) {
  if (value.find_first_of("\r\n") != std::string_view::npos) return "a header cannot hold a line break";
  const auto control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; };
  return std::ranges::any_of(value, control) ? "a header cannot hold a control character" : "";
}

}  // namespace

std::string url_problem(std::string_view text) {
  // The transport would be content with these, but nobody means them; an empty port is a variable that is empty.
  if (text.find('\\') != std::string_view::npos) return "the URL must not hold backslashes";
  if (text.find('#') != std::string_view::npos) return "the URL must not have a fragment (\"#…\")";
  const auto url = mcp::Url::parse(text);
  if (url) {
    const std::string_view rest = text.substr(text.find("://") + 3);
    return rest.substr(0, rest.find_first_of("/?")).ends_with(':') ? "the URL needs a port from 1 to 65535 after the ':'" : "";
  }
  std::string problem = url.error().text();
  if (problem.ends_with('.')) problem.pop_back();
  return problem;
}

HttpSpec ServerValues::http() {
  HttpSpec spec;
  spec.url = url();
  spec.headers = headers();
  spec.ca_file = ca_file();
  spec.access.bearer = bearer();
  return spec;
}

std::string ServerValues::ca_file() {
  const auto name = resolve_field(Field::ca_file);
  if (!name || name->empty()) return "";
  const std::string file = absolute(*name);
  if (disabled_) return file;
  const FieldEntry* entry = field(Field::ca_file);
  const auto text = read_text_file(file, kMaxAuthorityBytes);
  if (!text) {
    findings_.error(entry->path, entry->value->at, text.error().message);
  } else if (!text->contains("-----BEGIN ")) {
    findings_.error(entry->path, entry->value->at, file + ": holds no certificate in PEM form (\"-----BEGIN CERTIFICATE-----\")");
  }
  return file;
}

std::string ServerValues::url() {
  const FieldEntry* entry = field(Field::url);
  const auto text = resolve_field(Field::url);
  if (!text) return "";
  if (const std::string problem = url_problem(*text); !problem.empty()) {
    findings_.error(entry->path, entry->value->at, problem);
  }
  findings_.literal_secret(entry->path, entry->value->at, literal_url_secret(server_, entry->value->text));
  return *text;
}

ServerValues::Pairs ServerValues::headers() {
  Pairs headers;
  const FieldEntry* entry = field(Field::headers);
  if (entry == nullptr) return headers;
  if (!entry->value->is(JsonNode::Kind::object)) {
    findings_.wrong_type(entry->path, *entry->value, "an object of strings");
    return headers;
  }
  if (entry->value->members.size() > kMaxHeaders) {
    findings_.error(entry->path, entry->value->at, "more than " + std::to_string(kMaxHeaders) + " headers");
    return headers;
  }
  for (const JsonMember& member : entry->value->members)
    read_header(member, path_of_key(entry->path, member.key), headers);
  return headers;
}

void ServerValues::read_header(const JsonMember& member, const std::string& path, Pairs& headers) {
  if (!is_token(member.key)) {
    findings_.error(path, member.at, "expected a header's name: letters, digits and !#$%&'*+-.^_`|~");
    return;
  }
  if (is_ours_to_set(member.key)) {
    findings_.warning(path, member.at, "ignored: this header is set for each request");
    return;
  }
  findings_.literal_secret(path, member.value.at, literal_header_secret(server_, member.key, member.value.text));
  const auto resolved = resolve(member.value, path, member.key);
  if (!resolved) return;
  const std::string value(without_outer_blanks(*resolved));
  if (const std::string problem = header_value_problem(value); !problem.empty()) findings_.error(path, member.value.at, problem);
  const auto same = std::ranges::find_if(
      headers, [&](const auto& header) { return mcp::ascii_lower(header.first) == mcp::ascii_lower(member.key); });
  if (same == headers.end()) {
    headers.emplace_back(member.key, value);
  } else if (context_.foreign) {
    same->second = value;
  } else {
    findings_.error(path, member.at, "the header is there twice; upper and lower case count for nothing in its name");
  }
}

}  // namespace gateway
