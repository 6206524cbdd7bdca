#pragma once

#include <string>
#include <vector>

#include "gateway/cli/console.h"
#include "gateway/import/carry_out.h"
#include "gateway/import/import_plan.h"

namespace gateway {

/// What an import came to, or would come to.
struct ImportReport {
  std::string file;                   // the configuration
  bool new_file = false;              // there was none
  std::vector<mcp::Error> unread;     // sources that cannot be used
  std::vector<std::string> warnings;  // about the configuration as it is to be
  std::vector<std::string> secrets;   // names of those that are stored by it
  std::vector<std::string> cleared;   // secrets of an interrupted import that were removed
  bool applied = false;
  bool dry_run = false;
  bool running = false;  // a gateway on the configuration
};

/// The sources with their servers, and what becomes of each; no value of a secret is in it.
std::string import_preview(const ImportPlan& plan, const Console& console);

std::string import_json(const ImportPlan& plan, const ImportReport& report);

/// What an undo would do, or has done.
std::string undo_text(const UndoPlan& plan, bool done);

std::string undo_json(const UndoPlan& plan, bool applied, bool dry_run);

}  // namespace gateway
