#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/config/config_file.h"
#include "mcp/base/result.h"
#include "mcp/process/child_process.h"

namespace gateway {

/// How a place of the file system looks from within a sandbox. The most specific place decides.
enum class Sight {
  read,
  write,
  empty,   // a folder of its own, in memory
  hidden,  // there, but not to be opened
};

/// What a program sees of the file system. Looks at it, so it may block.
class SandboxView {
 public:
  /// `cwd` is the folder the program starts in, absolute.
  SandboxView(const StdioSpec& spec, const Environment& environment, std::string cwd);

  /// Finds all places. `program` is the program's path, as it was found; `cache` the server's own folder for what it downloads, or
  /// "". Error sandbox_unavailable for what the entry names and is not there.
  mcp::Result<> find(const std::string& program, const mcp::ChildSpec& child, const std::string& cache);

  /// Places by their real paths, each behind those that hold it.
  const std::map<std::string, Sight>& places() const { return places_; }

  /// Links of the root folder that lead to what is seen ("/bin" to "usr/bin"), where the root is not seen itself.
  const std::map<std::string, std::string>& links() const { return links_; }

  /// Where the program starts: `cwd`, or what stands in for it where that is not to be seen.
  const std::string& cwd() const { return cwd_; }

 private:
  void add_standard();
  void add_strict();
  void add_system();
  void add_program(const std::string& path, const mcp::ChildSpec& child, int depth);
  void add_script(const mcp::ChildSpec& child);
  void add_place_of(const std::string& file);
  std::string package_of(const std::string& file) const;
  mcp::Result<> add_named();
  void hide_secrets();
  void hide(const std::string& path);
  bool sees(const std::string& path) const;
  bool is_too_much(const std::string& folder) const;
  void settle_cwd();

  const StdioSpec& spec_;
  const Environment& environment_;
  std::string home_;  // real; "" where there is none
  std::string cwd_;
  std::map<std::string, Sight> places_;
  std::map<std::string, std::string> links_;
  std::set<std::string> named_;  // places of the entry, which are what it says also where they hold secrets
};

}  // namespace gateway
