#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mcp/process/marked_tree.h"
#include "mcp/process/unique_fd.h"

namespace mcp {

/// One child's line in the books: by its mark its tree is found, should its guardian be gone. Made before the guardian starts.
struct ChildRecord {
  std::string path;  // "" where there is no folder for records
  UniqueFd file;     // likewise; for the guardian, which adds itself and its program
  MarkedTree tree;   // without what the guardian added
};

/// Written records of the children of this process, so that another one can find and end what is left of them should we die with
/// their guardians. In FOLDER/INSTANCE/, one folder for each process that launches, with a lock that says whether it lives still.
///
///   switchyard child 1       the form
///   boot ID NAMESPACE        of the machine's start, and of the pids
///   since TICKS
///   mark MARK
///   command NAME
///   guardian PID START       written by the guardian, before
///   program PID START        the program, by itself before it is executed
///
/// Where records cannot be written, that is logged once, and there are none. One thread at a time; file system calls.
class ChildRecords {
 public:
  /// `folder` "": nothing is written.
  explicit ChildRecords(std::string folder) : folder_(std::move(folder)) {}
  ~ChildRecords();  // takes the folder of this process away where no record is left in it
  ChildRecords(const ChildRecords&) = delete;
  ChildRecords& operator=(const ChildRecords&) = delete;

  /// A new mark, and the record of it.
  ChildRecord add(const std::string& command);

  /// The tree of a record, with what the guardian added.
  static MarkedTree read(const ChildRecord& record);

  /// Nothing is left of the tree.
  static void remove(const ChildRecord& record);

  /// Ends what processes that have died left running, and removes their records. Those of this process and of others that live are
  /// not touched, and a record stays where something of its tree could not be ended. Blocks as end_trees() does.
  void end_orphans();

  /// What end_orphans() of another process would end. Only looks.
  static std::vector<ProcessId> find_orphans(const std::string& folder);

 private:
  bool open_instance();
  void complain(const std::string& what, int error);

  const std::string folder_;
  std::string instance_;  // path; "" before the first record
  UniqueFd lock_;
  bool complained_ = false;
};

}  // namespace mcp
