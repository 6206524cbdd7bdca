#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/options.h"

namespace bench {

/// The HTTP requests of a run, as text. What does not change from call to call is rendered once.
class Requests {
 public:
  explicit Requests(const Options& options);

  /// A POST; `session` "" for none; `path` "" for the URL's.
  std::string post(std::string_view session, std::string_view body, std::string_view path = {}) const;
  std::string get_stream(std::string_view session) const;
  std::string get() const;

  std::string initialize() const;  // id 0
  static std::string_view initialized();
  std::string call(long id) const;  // the tools take turns

 private:
  std::string head(std::string_view method, std::string_view path) const;

  const Options& options_;
  std::string host_line_, extra_headers_;
  std::vector<std::string> call_tails_;
};

}  // namespace bench
