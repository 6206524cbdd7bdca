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
  opened,  // a folder in memory, read-only, with those entries of the real one that are places too
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

  /// Links, by where they are: those of the root folder that lead to what is seen ("/bin" to "usr/bin"), where the root is not seen
  /// itself, and those of opened folders.
  const std::map<std::string, std::string>& links() const { return links_; }

  /// Whether there is a place below that path.
  bool holds_place(const std::string& path) const;

  /// Where the program starts: `cwd`, or what stands in for it where that is not to be seen.
  const std::string& cwd() const { return cwd_; }

  /// The home folder's real path; "" where there is none.
  const std::string& home() const { return home_; }

 private:
  void add_standard();
  void add_strict();
  void add_system();
  void add_program(const std::string& path, const mcp::ChildSpec& child, int depth);
  void add_script(const std::string& program, const mcp::ChildSpec& child);
  void add_place_of(const std::string& file);
  std::string package_of(const std::string& file) const;
  bool is_writable_on_the_way(const std::string& path) const;
  bool writable_above(const std::string& entry) const;

  // What the entry names: sandbox_named.cc.
  mcp::Result<> check_named();
  mcp::Result<> check_link_free(const std::string& path, const std::string& key) const;
  mcp::Result<> check_no_secret(const std::string& path, const std::string& real, const std::string& key) const;
  mcp::Result<> check_guarded(const std::string& place) const;
  std::vector<std::string> guarded() const;
  void add_named();

  // What is hidden: sandbox_hide.cc.
  void list_secrets();
  void add_configuration(const std::string& file);
  void add_secret(const std::vector<std::string>& spellings);
  void open_above(const std::string& entry);
  mcp::Result<> hide_secrets();
  mcp::Result<> open_folder(const std::string& folder);
  bool is_secret(const std::string& entry) const { return secrets_.contains(entry); }

  bool sees(const std::string& path) const;
  Sight sight_of(const std::string& path) const;
  bool is_too_much(const std::string& folder) const;
  void settle_cwd();

  const StdioSpec& spec_;
  const Environment& environment_;
  const std::vector<std::string> homes_;  // as they are spelled
  std::string home_;                      // the first of them, real; "" where there is none
  std::string cwd_;
  std::map<std::string, Sight> places_;
  std::map<std::string, std::string> links_;
  std::set<std::string> given_;        // places that the entry names
  std::vector<std::string> writable_;  // real paths of "write"
  std::set<std::string> secrets_;      // real, or a name in a real folder: there or not
  std::set<std::string> spelled_;      // the same, as they may be written
  std::set<std::string> opened_;       // folders that hold them, and hide what is new in them
};

}  // namespace gateway
