#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// What a client puts into each of its requests, and a server into what it says of them: "c2-17-s1." is request 17, of client 2,
/// for server 1.
struct CallTag {
  int client = 0;
  std::uint64_t serial = 0;
  int server = 0;

  std::string text() const;
  static std::vector<CallTag> all_in(std::string_view text);

  bool operator==(const CallTag&) const = default;
};

/// What a server puts into each of its questions, and a client into its answers: "q5-k8." is question 5, on connection 8.
struct QuestionTag {
  std::uint64_t serial = 0;
  int connection = 0;

  std::string text() const;
  static std::vector<QuestionTag> all_in(std::string_view text);

  bool operator==(const QuestionTag&) const = default;
};

}  // namespace gateway
