#pragma once

#include "gateway/inspect/findings.h"

/// Everything an inspection looks for. Docs: docs/inspect.md.
namespace gateway::rules {

// ---- the handshake

inline constexpr Rule kEarlyAnswer = {"answers-before-initialize",
                                      Severity::note,
                                      "basic/lifecycle",
                                      "The handshake comes first; nothing but a ping is to be asked before it.",
                                      "Harmless, but an answer tells nobody that there is a session."};
inline constexpr Rule kEarlyEnd = {"ends-before-initialize",
                                   Severity::note,
                                   "basic/lifecycle",
                                   "The handshake comes first; what a server does with earlier requests is its own affair.",
                                   "A client that asks for a newer revision first ends the program, and has to start it twice."};
inline constexpr Rule kEchoedRevision = {"revision-echoed",
                                         Severity::error,
                                         "basic/lifecycle",
                                         "A server answers with the revision it was asked for only where it supports it.",
                                         "A newer client believes it, and then speaks a protocol the server does not know."};
inline constexpr Rule kRefusedRevision = {"revision-refused",
                                          Severity::warning,
                                          "basic/lifecycle",
                                          "Asked for a revision it does not know, a server answers with one that it does.",
                                          "Clients newer than the server cannot connect, though both know an older revision."};
inline constexpr Rule kServerInfo = {"server-info-incomplete",
                                     Severity::warning,
                                     "basic/lifecycle",
                                     "serverInfo has a name and a version.",
                                     "Typed clients refuse the handshake; nobody can tell which version answers."};

// ---- plain requests

inline constexpr Rule kPing = {"ping-unanswered",
                               Severity::error,
                               "basic/utilities/ping",
                               "A ping is answered promptly, with an empty result.",
                               "Clients and gateways take the server for dead, and end the connection."};
inline constexpr Rule kUnknownSilence = {"unknown-method-unanswered",
                                         Severity::error,
                                         "basic",
                                         "Every request gets an answer; a method that is not there gets error -32601.",
                                         "Clients that try something newer wait until their time is over."};
inline constexpr Rule kUnknownResult = {"unknown-method-accepted",
                                        Severity::warning,
                                        "basic",
                                        "A method that is not there gets error -32601.",
                                        "Clients take features for there that are not, and cannot tell which revision they speak."};
inline constexpr Rule kUnknownCode = {"unknown-method-code",
                                      Severity::note,
                                      "basic",
                                      "A method that is not there gets error -32601.",
                                      "Clients cannot tell \"not supported\" from a request that failed."};
inline constexpr Rule kAsksUnoffered = {"asks-what-was-not-offered",
                                        Severity::warning,
                                        "basic/lifecycle",
                                        "Both sides use only capabilities that were negotiated.",
                                        "Such a request fails in every client that does not know it."};
inline constexpr Rule kSlow = {"slow-answer",
                               Severity::warning,
                               "basic/lifecycle",
                               "Nothing; clients set their own timeouts.",
                               "Hosts that wait for the server while they start feel it, and some give up after ten seconds."};

// ---- lists

inline constexpr Rule kListFails = {"declared-list-fails",
                                    Severity::error,
                                    "basic/lifecycle",
                                    "What is declared as a capability can be used.",
                                    "Clients show an error, or nothing, where the server's offers should be."};
inline constexpr Rule kNoTemplates = {"templates-not-listed",
                                      Severity::note,
                                      "server/resources",
                                      "A server with resources answers resources/templates/list too, if with an empty list.",
                                      "Clients that ask for templates show an error."};
inline constexpr Rule kUndeclared = {"offers-undeclared",
                                     Severity::warning,
                                     "basic/lifecycle",
                                     "What a server offers it declares as a capability.",
                                     "Clients that keep to the declaration never ask, and never see it."};
inline constexpr Rule kListShape = {"list-malformed",
                                    Severity::error,
                                    "server/utilities/pagination",
                                    "The result of a list holds an array of the items, and a cursor that is a string.",
                                    "Typed clients refuse the whole list."};
inline constexpr Rule kCursorRepeats = {"cursor-repeats",
                                        Severity::error,
                                        "server/utilities/pagination",
                                        "A missing nextCursor is the end of a list; each cursor leads to the page behind.",
                                        "Clients that follow the cursors never come to an end."};
inline constexpr Rule kListTooLong = {"list-too-long",
                                      Severity::warning,
                                      "server/utilities/pagination",
                                      "Nothing; but a list is there to be read.",
                                      "Clients and gateways stop reading at bounds of their own."};
inline constexpr Rule kCursorAccepted = {"invalid-cursor-accepted",
                                         Severity::note,
                                         "server/utilities/pagination",
                                         "A cursor that the server did not make should get error -32602.",
                                         "A client with a stale cursor reads wrong pages and is not told."};
inline constexpr Rule kItemMembers = {"item-incomplete",
                                      Severity::error,
                                      "server",
                                      "Prompts, resources and templates have a name; resources a uri, templates a uriTemplate.",
                                      "Typed clients refuse the whole list for one such item."};
inline constexpr Rule kNewerMembers = {"members-of-a-later-revision",
                                       Severity::note,
                                       "schema",
                                       "Members that a later revision brought have no meaning in this one.",
                                       "Most clients pass over them; strict ones may refuse the item."};

// ---- tools

inline constexpr Rule kToolNameMissing = {"tool-without-name",
                                          Severity::error,
                                          "server/tools",
                                          "Every tool has a name.",
                                          "The tool cannot be called, and typed clients refuse the whole list."};
inline constexpr Rule kToolNameTwice = {"tool-name-twice",
                                        Severity::error,
                                        "server/tools",
                                        "A tool's name is unique in its server.",
                                        "Only one of them can be called, and which one is chance."};
inline constexpr Rule kToolNameForm = {
    "tool-name-characters",
    Severity::warning,
    "server/tools",
    "The revision 2025-11-25 says: names should be of 1 to 128 letters, digits, '_', '-' and '.'.",
    "Model providers refuse such names; hosts rename the tool, or drop it. Switchyard renames it."};
inline constexpr Rule kToolNameLong = {"tool-name-long",
                                       Severity::note,
                                       "server/tools",
                                       "The revision 2025-11-25 says: names may have up to 128 characters.",
                                       "Hosts allow 64, with a prefix of theirs; Switchyard shortens the name."};
inline constexpr Rule kToolUndescribed = {"tool-without-description",
                                          Severity::warning,
                                          "server/tools",
                                          "A description says what the tool does.",
                                          "A model has only the name to decide by, and will guess."};
inline constexpr Rule kInputSchema = {"input-schema-invalid",
                                      Severity::error,
                                      "server/tools",
                                      "inputSchema is a valid JSON Schema, an object with \"type\": \"object\".",
                                      "Typed clients refuse the whole list; model providers refuse the tool."};
inline constexpr Rule kOutputSchema = {"output-schema-invalid",
                                       Severity::error,
                                       "server/tools",
                                       "outputSchema is a valid JSON Schema, an object with \"type\": \"object\".",
                                       "Typed clients refuse the whole list, or each result of the tool."};
inline constexpr Rule kSchemaOutside = {"schema-refers-outside",
                                        Severity::warning,
                                        "server/tools",
                                        "Nothing; but a schema that stands by itself is understood everywhere.",
                                        "Nobody fetches what it refers to: calls go unchecked, or the tool is refused."};
inline constexpr Rule kSchemaBeyond = {"schema-beyond-checks",
                                       Severity::warning,
                                       "server/tools",
                                       "Nothing; but a model has to read the schema.",
                                       "Switchyard does not check calls against it; model providers may refuse the tool."};
inline constexpr Rule kTaskSupport = {"task-support-undeclared",
                                      Severity::warning,
                                      "basic/utilities/tasks",
                                      "Without the capability tasks.requests.tools.call no tool may be called as a task.",
                                      "Clients ignore what the tool says of tasks."};
inline constexpr Rule kTaskRequired = {"task-required",
                                       Severity::note,
                                       "basic/utilities/tasks",
                                       "Such a tool must be called as a task.",
                                       "Clients that know no tasks, which is most, cannot call it directly."};

// ---- stdio

inline constexpr Rule kStdoutNoise = {
    "stdout-noise",
    Severity::error,
    "basic/transports",
    "Nothing but messages goes to standard output.",
    "Switchyard passes over such lines; other clients end the connection. Print to standard error."};
inline constexpr Rule kStderrNoise = {
    "stderr-noise", Severity::note, "basic/transports", "Standard error is free for logging.", "Every start fills somebody's log."};

// ---- streamable HTTP

inline constexpr Rule kOldTransport = {"http-sse-transport",
                                       Severity::note,
                                       "basic/transports",
                                       "Streamable HTTP took the place of HTTP+SSE in 2025-03-26.",
                                       "Newer clients do not speak it; Switchyard does."};

inline constexpr Rule kSessionId = {"session-id-invalid",
                                    Severity::error,
                                    "basic/transports",
                                    "A session id is of visible ASCII characters.",
                                    "Proxies and clients refuse the header, or change it."};
inline constexpr Rule kSessionIdWeak = {"session-id-guessable",
                                        Severity::warning,
                                        "basic/transports",
                                        "A session id should be globally unique and hard to guess.",
                                        "Who guesses it takes part in somebody else's session."};
inline constexpr Rule kSessionMissing = {"session-id-not-required",
                                         Severity::note,
                                         "basic/transports",
                                         "A server that gives session ids should answer requests without one with 400.",
                                         "A client that lost its session id is not told."};
inline constexpr Rule kSessionUnknown = {"unknown-session-status",
                                         Severity::warning,
                                         "basic/transports",
                                         "A session id the server does not know is answered with 404.",
                                         "Clients are not told that their session is over, and do not begin another."};
inline constexpr Rule kVersionHeader = {"version-header-ignored",
                                        Severity::warning,
                                        "basic/transports",
                                        "An MCP-Protocol-Version that is not supported is answered with 400.",
                                        "A client that speaks another revision than was negotiated is not told."};
inline constexpr Rule kNotificationStatus = {"notification-status",
                                             Severity::warning,
                                             "basic/transports",
                                             "A notification is answered with 202 and no body.",
                                             "Strict clients take it for refused."};
inline constexpr Rule kGetAnswer = {"get-answer",
                                    Severity::error,
                                    "basic/transports",
                                    "GET opens an event stream, or is answered with 405.",
                                    "Clients retry for ever, or end the connection."};
inline constexpr Rule kDeleteAnswer = {"delete-answer",
                                       Severity::note,
                                       "basic/transports",
                                       "DELETE ends the session, or is answered with 405.",
                                       "Sessions are left over until the server forgets them."};
inline constexpr Rule kDeletedAlive = {"deleted-session-lives",
                                       Severity::warning,
                                       "basic/transports",
                                       "After a session has ended, its id is answered with 404.",
                                       "Sessions that clients ended stay usable, and pile up."};
inline constexpr Rule kOrigin = {"origin-unchecked",
                                 Severity::error,
                                 "basic/transports",
                                 "Servers check the Origin of all connections.",
                                 "A page in the browser of whoever runs the server can use it (DNS rebinding)."};

}  // namespace gateway::rules
