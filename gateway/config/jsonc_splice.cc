#include "gateway/config/jsonc_splice.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "gateway/config/jsonc_gap.h"

namespace gateway {
namespace {

/// A part of the text, and what stands there afterwards.
struct Patch {
  TextSpan span;
  std::string text;
};

/// `patches` in the order of the text; none overlaps another.
std::string patched(std::string_view text, const std::vector<Patch>& patches) {
  std::string out;
  std::size_t done = 0;
  for (const Patch& patch : patches) {
    out.append(text.substr(done, patch.span.begin - done)).append(patch.text);
    done = patch.span.end;
  }
  return out.append(text.substr(done));
}

constexpr std::size_t kWidth = 140;  // up to which a new value takes one line as the ones beside it do

bool is_empty(const JsonNode& node) {
  return node.items.empty() && node.members.empty();
}

bool is_on_one_line(std::string_view text, const JsonNode& node) {
  return !is_empty(node) && !spans_lines(text, node.begin, node.end);
}

/// Puts an element last into a container.
class Insertion {
 public:
  Insertion(std::string_view text, const Surroundings& surroundings, const JsonNode& container, const NewElement& element)
      : text_(text),
        style_(surroundings.style),
        lines_around_(surroundings.in_lines),
        container_(container),
        all_(container),
        element_(element) {}

  std::string run() {
    if (all_.elements.empty()) return into_empty();
    const TextSpan last = all_.elements.back();
    const JsoncGap gap = read_gap(text_, last.end);
    return begins_line(text_, last.begin) ? on_line_of_its_own(last, gap) : on_the_same_line(last, gap);
  }

 private:
  std::string key_text() const { return element_.key == nullptr ? "" : write_key(*element_.key, style_); }
  std::string on_one_line() const { return key_text() + write_on_one_line(element_.value, style_); }

  std::string in_lines(const std::string& indent) const {
    const std::string key = key_text();
    return key + write_in_lines(element_.value, style_, indent, indent.size() + key.size());
  }

  /// Whether the last one has things in it and is on one line all the same, as this one could be.
  bool may_be_like_last() const {
    const JsonNode& last = container_.items.empty() ? container_.members.back().value : container_.items.back();
    return last.is(element_.value.kind) && is_on_one_line(text_, last) && nesting_of(element_.value) <= 2;
  }

  std::string on_line_of_its_own(TextSpan last, const JsoncGap& gap) {
    const std::string indent(indent_of_line(text_, last.begin));
    style_.trailing_comma = gap.comma.has_value();
    std::string written = on_one_line();
    if (!may_be_like_last() || indent.size() + written.size() > kWidth) written = in_lines(indent);
    const std::size_t behind = behind_comments_of_line(text_, gap.comma ? *gap.comma + 1 : last.end);
    std::vector<Patch> patches;
    if (!gap.comma) patches.push_back({{last.end, last.end}, ","});
    patches.push_back({{behind, behind}, style_.line_break + indent + written + (gap.comma ? "," : "")});
    return patched(text_, patches);
  }

  std::string on_the_same_line(TextSpan last, const JsoncGap& gap) const {
    const std::string blank = style_.colon.ends_with(' ') ? " " : "";
    const std::size_t at = gap.comma ? *gap.comma + 1 : last.end;
    const std::string written = gap.comma ? blank + on_one_line() + "," : "," + blank + on_one_line();
    return patched(text_, {{{at, at}, written}});
  }

  std::string into_empty() {
    const bool array = container_.is(JsonNode::Kind::array);
    const std::size_t inside = all_.open + 1;
    const JsoncGap gap = read_gap(text_, inside);
    if (!spans_lines(text_, inside, all_.close) && (array || !lines_around_)) {
      const std::string pad = style_.padded && !array ? " " : "";
      return patched(text_, {{{inside, gap.comments.empty() ? all_.close : inside}, pad + on_one_line() + pad}});
    }
    const std::string outer(indent_of_line(text_, all_.open));
    const std::string indent = outer + style_.indent;
    const std::string written = style_.line_break + indent + in_lines(indent) + (style_.trailing_comma ? "," : "");
    // What is said on the line of the bracket stays there; what has lines of its own comes behind the new element, so that it does
    // not look as if it belonged to that.
    const std::size_t behind = behind_comments_of_line(text_, inside);
    if (spans_lines(text_, behind, all_.close)) return patched(text_, {{{behind, behind}, written}});
    const std::size_t last = gap.comments.empty() ? inside : gap.comments.back().end;
    return patched(text_, {{{last, all_.close}, written + style_.line_break + outer}});
  }

  std::string_view text_;
  JsoncStyle style_;
  bool lines_around_;
  const JsonNode& container_;
  JsoncContainer all_;
  const NewElement& element_;
};

/// Takes an element out of a container.
class Removal {
 public:
  Removal(std::string_view text, const JsonNode& container, std::size_t index)
      : text_(text),
        all_(container),
        before_(read_gap(text, index == 0 ? all_.open + 1 : all_.elements[index - 1].end)),
        after_(read_gap(text, all_.elements[index].end)),
        gone_(all_.elements[index]) {}

  std::string run() {
    choose_comma();
    take_comments_before();
    std::string text = patched(text_, whole_lines() ? lines_gone() : part_of_line_gone());
    if (all_.elements.size() > 1) return text;
    const JsoncGap left = read_gap(text, all_.open + 1);
    return left.comments.empty() ? patched(text, {{{all_.open + 1, left.end}, ""}}) : text;
  }

 private:
  /// One comma goes with the element: the one behind it, or where there is none the one before; also where that leads its line.
  void choose_comma() {
    const bool leads = before_.comma && begins_line(text_, *before_.comma) && same_line(*before_.comma, gone_.begin);
    if (leads) {
      gone_.begin = *before_.comma;
    } else if (after_.comma && same_line(gone_.end, *after_.comma)) {
      gone_.end = *after_.comma + 1;
    } else {
      lone_comma_ = after_.comma ? after_.comma : before_.comma;
    }
  }

  bool same_line(std::size_t begin, std::size_t end) const { return !spans_lines(text_, begin, end); }

  void take_comments_before() {
    for (const TextSpan& comment : before_.comments | std::views::reverse) {
      if (comment.end > gone_.begin) continue;
      const std::string_view between = text_.substr(comment.end, gone_.begin - comment.end);
      if (between.contains(',') || std::ranges::count(between, '\n') > 1) return;
      // Behind a value or a bracket on the same line it may speak of that.
      const bool behind_comma = before_.comma && *before_.comma < comment.begin && same_line(*before_.comma, comment.begin);
      const bool directly_before = behind_comma && !between.contains('\n') && same_line(comment.begin, comment.end);
      if (!begins_line(text_, comment.begin) && !directly_before) return;
      gone_.begin = comment.begin;
    }
  }

  /// Whether nothing else is on the lines that it stands on; takes what is said behind it and the line's end.
  bool whole_lines() {
    if (!begins_line(text_, gone_.begin)) return false;
    std::size_t end = skip_blanks(text_, gone_.end);
    for (const TextSpan& comment : after_.comments) {
      if (comment.begin == end && same_line(comment.begin, comment.end)) end = skip_blanks(text_, comment.end);
    }
    // A comma that stands on a line of its own stays until it is taken out by itself.
    const auto behind = behind_line_end(text_, end);
    if (!behind) return false;
    gone_ = {line_begin(text_, gone_.begin), *behind};
    return true;
  }

  std::vector<Patch> lines_gone() const { return with_lone_comma({gone_, ""}); }

  std::vector<Patch> part_of_line_gone() {
    const bool comma_goes_before = lone_comma_ && *lone_comma_ < gone_.begin;
    const std::size_t next = skip_blanks(text_, gone_.end);
    if (!comma_goes_before && !behind_line_end(text_, next)) {
      gone_.end = next;
    } else {
      while (gone_.begin > 0 && (text_[gone_.begin - 1] == ' ' || text_[gone_.begin - 1] == '\t'))
        --gone_.begin;
    }
    return with_lone_comma({gone_, ""});
  }

  std::vector<Patch> with_lone_comma(Patch patch) const {
    if (!lone_comma_ || (*lone_comma_ >= patch.span.begin && *lone_comma_ < patch.span.end)) return {std::move(patch)};
    Patch comma{{*lone_comma_, *lone_comma_ + 1}, ""};
    if (*lone_comma_ < patch.span.begin) return {std::move(comma), std::move(patch)};
    return {std::move(patch), std::move(comma)};
  }

  std::string_view text_;
  JsoncContainer all_;
  JsoncGap before_, after_;
  TextSpan gone_;
  std::optional<std::size_t> lone_comma_;
};

}  // namespace

std::string splice_in(std::string_view text,
                      const Surroundings& surroundings,
                      const JsonNode& container,
                      const NewElement& element) {
  return Insertion(text, surroundings, container, element).run();
}

std::string splice_over(std::string_view text, const Surroundings& surroundings, const JsonNode& old, const JsonNode& value) {
  const std::size_t column = old.begin - line_begin(text, old.begin);
  const std::string line = write_on_one_line(value, surroundings.style);
  const bool one_line = !surroundings.in_lines || (is_on_one_line(text, old) && column + line.size() <= kWidth);
  const std::string indent(indent_of_line(text, old.begin));
  return patched(text, {{{old.begin, old.end}, one_line ? line : write_in_lines(value, surroundings.style, indent, column)}});
}

std::string splice_out(std::string_view text, const JsonNode& container, std::size_t index) {
  return Removal(text, container, index).run();
}

}  // namespace gateway
