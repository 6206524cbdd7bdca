#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mcp/base/clock.h"
#include "mcp/base/task.h"

namespace gateway {

/// Tells when files may have changed: written in place, replaced by a rename (as editors do), reached by another link than before,
/// made or removed. Looks at their folders (inotify), so files that are not there yet count, too; where the system has no watch to
/// give, looks at the files every two seconds. What happens within `quiet` of each other is told once, when it has become quiet.
/// Loop thread only.
class FileWatch {
 public:
  virtual ~FileWatch() = default;

  /// The files from here on, absolute paths. True where there are some among them that it did not watch before: whoever has read
  /// those already reads them again, because nobody knows what became of them since.
  virtual bool watch(std::vector<std::string> files) = 0;

  /// They are about to be read as they are now: nothing of what happened up to here needs to be told.
  virtual void take_note() = 0;
};

/// `changed` is called from the loop, only where a file is not what it was when it was last called, at take_note(), or when it was
/// first watched; not any more once nobody holds the watch.
std::shared_ptr<FileWatch> make_file_watch(const mcp::Executor& executor,
                                           std::chrono::milliseconds quiet,
                                           std::function<void()> changed);

}  // namespace gateway
