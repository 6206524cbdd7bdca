#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace gateway {

/// What happened in a run, the last of it, and what should not have happened.
class Journal {
 public:
  void note(std::string line) {
    lines_.push_back(std::move(line));
    if (lines_.size() > kKept) lines_.pop_front();
  }

  /// Something that may never be.
  void wrong(const std::string& what) {
    note("WRONG: " + what);
    if (wrong_.empty()) story_ = lines_;
    wrong_.push_back(what);
  }

  const std::vector<std::string>& faults() const { return wrong_; }

  /// The first fault, and what led to it.
  std::string story() const {
    std::string text;
    for (const std::string& line : story_)
      text += line.substr(0, kShown) + "\n";
    return text;
  }

 private:
  static constexpr std::size_t kKept = 300;
  static constexpr std::size_t kShown = 400;

  std::deque<std::string> lines_, story_;
  std::vector<std::string> wrong_;
};

}  // namespace gateway
