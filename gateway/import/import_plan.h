#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/config_file.h"
#include "gateway/import/convert.h"

namespace gateway {

enum class ImportVerdict {
  add,       // it goes into our file
  same,      // it is there already, or comes from another source with this one
  taken,     // another server has its name
  unusable,  // it cannot be one of ours
  not_asked  // --only names others
};

/// What becomes of one server.
struct ImportedServer {
  std::size_t source = 0;  // of ImportPlan::sources
  std::string found_as;    // its name there
  std::string name;        // its name here
  std::string folder;      // of the project it is for; "": for all
  bool disabled = false;   // and stays so
  ImportVerdict verdict = ImportVerdict::unusable;
  std::string why;    // not for `add`: a sentence without a full stop
  std::string twice;  // where its file has that name more than once, which of them this is: likewise
  ConvertedServer converted;
};

/// What an import would do. Nothing is done by it.
struct ImportPlan {
  std::vector<SourceReading> sources;
  std::vector<ImportedServer> servers;         // in the order of the sources
  std::map<std::string, std::string> secrets;  // to be stored for those that are added: name and value

  std::size_t count(ImportVerdict verdict) const;
};

struct ImportChoices {
  std::vector<std::string> only;               // names there; {}: all
  std::map<std::string, std::string> renames;  // name there → name here
  bool number_taken = false;                   // a name that is taken gets "-2", "-3" behind it
};

/// What an import is planned against.
struct ImportBase {
  const std::string& file;                 // the configuration
  const std::optional<std::string>& text;  // {}: there is none
  const Environment& environment;          // with the stored secrets
};

/// Plans the import of these sources. A rename is for the first server of that name which cannot have it, else for the first one.
/// Error config_invalid for a configuration that cannot be read as a whole, for a rename or an `only` of a server that is nowhere
/// in the sources, and for two renames to one name.
mcp::Result<ImportPlan> plan_import(std::vector<SourceReading> sources, const ImportBase& base, const ImportChoices& choices);

}  // namespace gateway
