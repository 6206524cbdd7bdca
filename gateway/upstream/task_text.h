#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/rpc/message.h"

namespace gateway {

/// Reading and writing what messages say of tasks (MCP 2025-11-25, "Tasks"). Members are found in whatever spelling of their
/// names. Pure.

inline constexpr std::string_view kRelatedTask = "io.modelcontextprotocol/related-task";

/// The object with this member, valid JSON text, in place of any of that name.
std::string with_json_member(std::string_view object, std::string_view member, std::string_view json);

/// The object without the member.
std::string without_member(std::string_view object, std::string_view member);

/// A number among the object's members; nothing where it is none, or not there.
std::optional<double> number_member(std::string_view object, std::string_view member);

/// The taskId of a Task object, decoded; "" where it has none.
std::string task_id_of(std::string_view task);

/// The task that a message belongs to, by the _meta of its params or its result; "" where it says none.
std::string related_task(const mcp::Message& message);

/// The message belongs to this task; to none where `id` is "". An error belongs to none, nor does what has no params.
void set_related_task(mcp::Message& message, std::string_view id);

/// A Task object as a client knows it: `task` under the id `id`, else untouched. Of what is longer than 8 KiB, and so too long to
/// keep, only the members of the schema, without a message.
std::string task_state(std::string_view task, std::string_view id);

/// The same, as a failure that `why` tells of.
std::string failed_state(std::string_view state, std::string_view why);

/// "working" | "input_required" | "completed" | "failed" | "cancelled", or whatever the server says.
std::string status_of(std::string_view task);

/// From these no task comes back.
bool is_terminal(std::string_view status);

/// How long the task is kept, from its creation; nothing where it has no limit.
std::optional<std::chrono::milliseconds> ttl_of(std::string_view task);

/// How long to wait between two looks: what the server suggests, within 50 ms and 30 s; else 1 s.
std::chrono::milliseconds poll_interval_of(std::string_view task);

}  // namespace gateway
