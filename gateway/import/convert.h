#pragma once

#include <string>
#include <vector>

#include "gateway/config/jsonc.h"
#include "gateway/import/client_text.h"
#include "gateway/import/secret_namer.h"
#include "gateway/import/source_reader.h"

namespace gateway {

/// A server as our file is to have it.
struct ConvertedServer {
  JsonNode entry;
  std::vector<MovedSecret> secrets;   // that the entry names and that stood in it literally
  std::vector<NeededValue> needed;    // that somebody has to give before it runs
  std::vector<std::string> notes;     // what else is worth knowing; sentences without a full stop
  std::vector<std::string> left_out;  // keys of the client's entry that say nothing here
  std::string problem;                // why it cannot be taken over; "": it can
};

/// Puts an entry into our keys and words: other spellings, the client's references, paths from its project's folder on. Literal
/// secrets (secret_hint.h) become ${secret:NAME}, NAME by `namer`. A program of a project is to start in the project's folder, as
/// it does there. What the entry says of being switched off, of tools and of times stays. Nothing is lost in silence: what has no
/// place here is in `left_out`.
ConvertedServer convert_server(const FoundServer& server, const SourceReading& source, SecretNamer& namer);

}  // namespace gateway
