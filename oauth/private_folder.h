#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"

namespace oauth {

class StoreLock;

/// Called before each system call that changes or locks something, with a word for it ("write", "rename"). What it returns takes
/// the place of the call: 0, and the call is made; an errno, and it has failed with that. For tests that end a process at every
/// step, or that need a disk that is full.
using StepHook = std::function<int(std::string_view step)>;

/// A folder for its user alone (0700), with small files that are replaced whole: whoever reads one, and whenever a process or the
/// machine ends, finds the old text or the new one. All functions block; any thread, any number of processes. Links are not
/// followed within the folder. Errors: io_error, naming the file and what to do.
class PrivateFolder {
 public:
  explicit PrivateFolder(std::string path, StepHook before_step = {});

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

  enum class Readers { any, owner };

  /// Nothing where there is none. An error where it is not the user's own, or is larger; with Readers::owner also where others may
  /// read or write it.
  mcp::Result<std::optional<std::string>> read(const std::string& name, std::size_t at_most, Readers readers = Readers::any) const;

  /// Makes the folder where it is missing (and what it lies in). Once this has succeeded, the text is on the disk.
  mcp::Result<> replace(const std::string& name, std::string_view text);

  /// The same, but false where there is such a file already.
  mcp::Result<bool> create(const std::string& name, std::string_view text);

  /// False where there was none.
  mcp::Result<bool> remove(const std::string& name);

  /// At most 100,000; none where there is no folder.
  mcp::Result<std::vector<std::string>> names() const;

  /// What writers that died have left. Those that live hold a lock on what they write.
  void remove_leftovers();

  /// A lock that excludes other processes and other threads, on a file of that name, which is made and stays. Null where somebody
  /// has it. It is held for as long as the object lives, or the process.
  mcp::Result<std::unique_ptr<StoreLock>> try_lock(const std::string& name);

  /// The pid of the process that holds the lock, where it has left one that means something here. Of a lock that is held.
  std::optional<int> holder_of(const std::string& name) const;

 private:
  class NewFile;

  /// 0, or what is to be taken for the call's errno.
  int step(std::string_view what) const { return before_step_ ? before_step_(what) : 0; }

  mcp::Result<> make();
  mcp::Result<> check() const;
  mcp::Result<> sync() const;
  int make_with_parents(const std::string& path) const;
  int write_new(NewFile& file, std::string_view text) const;

  const std::string path_;
  const StepHook before_step_;
};

}  // namespace oauth
