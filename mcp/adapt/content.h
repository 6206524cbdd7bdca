#pragma once

#include <string>
#include <string_view>

#include "mcp/adapt/adapter.h"

namespace mcp {

/// What several parts of the protocol have in common: content blocks, resources, `_meta`.

/// The `_meta` of a request, a result or a notification: its keys are free, but for one that tasks brought.
void adapt_message_meta(Adapter& adapter, std::string_view meta);

/// A content block of a tool's result or of a prompt. What the reader does not know becomes a text block that says what was there:
/// a link (before 2025-06-18) and audio (before 2025-03-26).
void adapt_block(Adapter& adapter, std::string_view block);

/// An item of resources/list; a link in a tool's result has the same members.
void adapt_resource(Adapter& adapter, std::string_view resource);
void adapt_resource_template(Adapter& adapter, std::string_view resource_template);
/// An item of resources/read.
void adapt_contents(Adapter& adapter, std::string_view contents);
/// `serverInfo`.
void adapt_implementation(Adapter& adapter, std::string_view implementation);

std::string text_block(std::string_view text);

/// One line in brackets in the place of a block that cannot be shown: kind, media type, size.
std::string block_note(std::string_view block);

}  // namespace mcp
