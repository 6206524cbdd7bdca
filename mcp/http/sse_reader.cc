#include "mcp/http/sse_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace mcp {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::size_t kPastBom = 4;
constexpr std::string_view kData = "data:";

/// The next '\n' and '\r' of one piece. Each byte is searched once, however the two are mixed: a stream of bare '\r' must not cost
/// a search for '\n' through the whole piece for every line.
class LineBreaks {
 public:
  explicit LineBreaks(std::string_view bytes) : bytes_(bytes), lf_(bytes.find('\n')), cr_(bytes.find('\r')) {}

  std::size_t next(std::size_t from) {
    if (lf_ != std::string_view::npos && lf_ < from) lf_ = bytes_.find('\n', from);
    if (cr_ != std::string_view::npos && cr_ < from) cr_ = bytes_.find('\r', from);
    return std::min(lf_, cr_);
  }

 private:
  std::string_view bytes_;
  std::size_t lf_, cr_;
};

std::optional<int> parse_retry(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : std::numeric_limits<int>::max();
}

}  // namespace

Result<> SseReader::feed(std::string_view bytes, const std::function<bool(SseEvent&)>& on_event) {
  if (bom_seen_ != kPastBom) bytes = skip_bom(bytes);
  LineBreaks breaks(bytes);
  std::size_t at = 0;
  while (at < bytes.size() && !finished_) {
    if (std::exchange(after_cr_, false) && bytes[at] == '\n') {
      ++at;
      continue;
    }
    auto end = breaks.next(at);
    if (end == std::string_view::npos) {
      begin_of_line(bytes.substr(at));
      at = bytes.size();
    } else {
      auto part = bytes.substr(at, end - at);
      after_cr_ = bytes[end] == '\r';
      at = end + 1;
      if (part.empty() && !in_line_) {
        if (!dispatch(on_event)) finished_ = true;
      } else {
        end_of_line(part);
      }
    }
    if (!within_limit()) {
      finished_ = true;
      return fail(ErrorCode::too_large, "a server-sent event is larger than " + std::to_string(max_event_) + " bytes.");
    }
  }
  return {};
}

std::string_view SseReader::skip_bom(std::string_view bytes) {
  while (!bytes.empty() && bom_seen_ < kBom.size() && bytes.front() == kBom[bom_seen_]) {
    bytes.remove_prefix(1);
    ++bom_seen_;
  }
  if (bytes.empty()) return bytes;
  // Part of a mark is no mark: those bytes begin the first line.
  if (bom_seen_ != 0 && bom_seen_ != kBom.size()) begin_of_line(kBom.substr(0, bom_seen_));
  bom_seen_ = kPastBom;
  return bytes;
}

void SseReader::begin_of_line(std::string_view part) {
  in_line_ = true;
  if (line_kind_ == Line::data) data_ += part;
  if (line_kind_ != Line::start) return;
  line_ += part;
  if (line_.front() == ':') {
    line_kind_ = Line::ignored;
    line_.clear();
  } else if (line_.size() > kData.size() && line_.starts_with(kData)) {
    // Large data goes to its place as it comes, and is not collected in line_ first.
    line_kind_ = Line::data;
    begin_data(std::string_view(line_).substr(kData.size()));
    line_.clear();
  }
}

void SseReader::end_of_line(std::string_view part) {
  if (!in_line_) {
    whole_line(part);
    return;
  }
  begin_of_line(part);
  if (line_kind_ == Line::start) whole_line(line_);
  line_.clear();
  line_kind_ = Line::start;
  in_line_ = false;
}

void SseReader::whole_line(std::string_view line) {
  auto colon = line.find(':');
  auto field = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (field == "data") {
    begin_data(value);
    return;
  }
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    event_ = value;
  } else if (field == "id" && !value.contains('\0')) {
    id_ = value;
    has_id_ = true;
  } else if (field == "retry") {
    if (auto retry = parse_retry(value)) retry_ms_ = retry;
  }
}

void SseReader::begin_data(std::string_view value) {
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (has_data_) data_ += '\n';
  has_data_ = true;
  data_ += value;
}

bool SseReader::dispatch(const std::function<bool(SseEvent&)>& on_event) {
  bool go_on = true;
  if (has_data_ || has_id_ || retry_ms_) {
    SseEvent event{event_, std::move(data_), id_, retry_ms_};
    go_on = on_event(event);
  }
  data_.clear();
  event_.clear();
  retry_ms_.reset();
  has_data_ = has_id_ = false;
  return go_on;
}

}  // namespace mcp
