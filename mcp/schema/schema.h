#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/base/result.h"

namespace mcp {

/// Another schema that one may refer to by its URI.
struct SchemaDocument {
  std::string_view uri;
  std::string_view text;
};

/// When work on a schema or a value ends whatever is left to do. Looked at every few microseconds, but not within the match of one
/// pattern, which may take a second or two where schema and text are made for that.
struct WorkEnd {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token stop = {};
};

/// How large a schema may be.
struct SchemaLimits {
  std::size_t bytes = 1 << 20;
  std::size_t values = 100'000;
  int depth = 128;
  std::size_t patterns = 256;            // different ones
  std::size_t pattern_bytes = 64 << 20;  // of memory, for all of them
  std::size_t resources = 1000;          // schemas within it that have an "$id", those it refers to included
  std::size_t identifier_bytes = 2048;   // each, resolved
  /// What compiling may take; a step is some 10 ns to 50 ns.
  std::size_t steps = 30'000'000;
  WorkEnd end = {};
};

/// How much one validation may take.
struct ValidationLimits {
  std::size_t bytes = 8 << 20;
  std::size_t values = 500'000;
  int depth = 128;
  /// Beside what a value of that size costs in any case: a step is a keyword looked at, some 10 ns to 50 ns.
  std::size_t steps = 1'000'000;
  std::size_t mistakes = 10;
  WorkEnd end = {};
};

/// One way in which a value breaks its schema.
struct SchemaMistake {
  std::string instance_path;    // JSON pointer to what is wrong; "" for the whole value
  std::string keyword;          // the one that says no; "false" for a schema that allows nothing
  std::string schema_location;  // of the keyword: "URI#/pointer"
  std::string message;          // what was expected, what was there; for people, one line
};

/// A schema ready for use: JSON Schema 2020-12, 2019-09 or draft-07, whole. "format" and "content…" describe and are not checked.
/// Immutable; any thread.
///
/// References are resolved when it is compiled, within the schema, the documents given and the drafts' own metaschemas; nothing is
/// ever fetched. Numbers are compared exactly as they are written, lengths are counted in code points.
///
/// Patterns are matched by RE2, in time linear in the text. What it cannot match (lookahead, lookbehind, backreferences, more than
/// 1000 repetitions, what is no regular expression of ECMA-262) is not checked, and a note says so: a "pattern" holds always, a
/// member that a "patternProperties" of such kind might mean is left alone, also by "additionalProperties".
class Schema {
 public:
  /// Without "$schema" it is 2020-12. Errors: parse_error; invalid_request (nested too deep, a member twice); invalid_params where
  /// it is no schema, is of another dialect, or refers to what is not there within it. Where it may well be a schema all the same:
  /// too_large (over the limits, more digits than are reckoned with), unknown_resource (refers to another document, which is not
  /// given), cancelled (stopped). Takes milliseconds for large schemas, a second or two for those made to: not for the loop.
  static Result<std::shared_ptr<const Schema>> compile(std::string_view text,
                                                       const SchemaLimits& limits = {},
                                                       std::span<const SchemaDocument> documents = {});

  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  /// What is wrong with the value: nothing where it is valid, at most `limits.mistakes` otherwise. Errors, where that cannot be
  /// told: parse_error, invalid_request (nested too deep, a member twice), too_large (also where the schema makes it too costly, or
  /// the deadline has come), cancelled (stopped). Takes up to tens of milliseconds, for large values in proportion to their size:
  /// not for the loop.
  Result<std::vector<SchemaMistake>> validate(std::string_view instance, const ValidationLimits& limits = {}) const;

  /// What of the schema is not checked, one sentence each.
  const std::vector<std::string>& notes() const;

  /// Bytes of memory that it takes, at most and about.
  std::size_t memory() const;

 private:
  struct Compiled;
  explicit Schema(std::unique_ptr<const Compiled> compiled);

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace mcp
