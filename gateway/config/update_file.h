#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "mcp/base/result.h"

namespace gateway {

/// What to make of a file's text; there is none where there is no file. May be called again, where the file changed meanwhile.
using TextChange = std::function<mcp::Result<std::string>(const std::optional<std::string>& text)>;

/// Reads a file, has its text changed, and puts the new text in its place, as one step: others find the old text or the new one,
/// whatever happens, and one of two processes that do this at once waits for the other. Symbolic links stay, what they lead to is
/// replaced; mode and owner stay. A text that did not change is not written. A file that is not there is made (0600), with its
/// folders (0700). Blocks: waits up to 10 s for others, and for the disk.
///
/// Errors: what `change` returns; else io_error, naming the file and the remedy, and the file is as it was.
mcp::Result<> update_file(const std::string& file, std::size_t max_bytes, const TextChange& change);

/// The text of a file; nothing where there is no such file. Errors: io_error, as above.
mcp::Result<std::optional<std::string>> read_if_there(const std::string& file, std::size_t max_bytes);

/// Where the symbolic links of a path lead, be there a file or not. Error io_error for links that lead back to themselves.
mcp::Result<std::string> behind_links(const std::string& file);

}  // namespace gateway
