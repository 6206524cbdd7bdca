// stdio_fault MODE [ARGUMENT]: an MCP server on stdin and stdout that misbehaves in one known way.
//
// It knows initialize, ping, tools/list (one tool, `echo`, which returns its argument "text") and tools/call. Without a fault it
// ends with 0 at the end of its input. Every mode answers what it does not name as `ok` does.
//
//   MODE                     ARGUMENT  the fault
//   ok                       -         none
//   exit-before-init         CODE      says "fatal: no licence" on stderr and exits at once
//   exit-mid-call            CODE      says "fatal: out of cheese" on stderr and exits when a tool is called
//   crash                    -         SIGSEGV when a tool is called
//   ask-unoffered            -         before a list of tools: roots/list, whatever the client can be asked
//   banner-then-ok           -         two lines of banner and a blank one on stdout first
//   garbage-only             -         endless lines on stdout that are no JSON, whatever it is asked
//   half-line-then-exit      -         exits with 0 in the middle of the answer to a tool call
//   flood-stdout             -         a tool call is answered with a line that never ends
//   flood-stderr             BYTES     that much on stderr, in lines of 100, before every answer
//   long-stderr              BYTES     the same in lines of 10,000
//   ignore-sigterm-and-fork  FILE      ignores SIGTERM and the end of its input; starts a child and a grandchild in a session of
//   its own that
//                                      do likewise; their pids, one a line, and then its own, are in FILE before it answers
//   late-answer              -         a tool call is answered only after the next message has come
//   double-answer            -         every answer twice
//   foreign-id               -         before the answer to a tool call, others with the ids 999999, "x", 1.5 and null
//   huge-result              BYTES     `echo` returns that many letters
//   nest                     DEPTH     before the answer to a tool call, one with its id whose result is nested that deep
//   lone-surrogate           -         `echo` returns its text and half an emoji, as JavaScript cuts it
//   never-initialize         -         reads, and answers nothing
//   deaf                     -         reads nothing after it has answered initialize, nor sees the end of its input
//   deaf-on-call             -         reads nothing after a tool was called, nor answers
//   exit-on-sigterm          FILE      ignores the end of its input; on SIGTERM writes "terminated" to FILE and exits with 0
//   exit-once                FILE      exits with 1 when a tool is called and there is no FILE yet, which it makes
//   stream-result            BYTES     as huge-result, without holding the text in memory
//   revision                 REVISION  negotiates that one
//   batch                    REVISION  the same, and answers a tool call with a batch: tools/list_changed, what is no message, the
//                                      answer, a ping
//   hold                     COUNT     answers tool calls only when that many have come, the last first; each with two progress
//                                      notifications before, where they were asked for, whose message is the call's text
//   flood-progress           COUNT     that many progress notifications of 1 KiB before the answer to a tool call
//   gate                     FIFO      a tool call waits until somebody opens FIFO for writing
//   name                     NAME      `echo` returns NAME, a space, and its text
//   hoard                    BYTES     has that much memory in use from the start
//   start-gate               FIFO      starts to read when somebody opens FIFO for writing
//
// Where STDIO_FAULT_RECORD names a file, every line that comes is appended to it.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace {

using Json = nlohmann::json;

std::string mode, argument;

bool is(const char* name) {
  return mode == name;
}

void write_out(const std::string& text) {
  fwrite(text.data(), 1, text.size(), stdout);
  fflush(stdout);
}

void write_line(const std::string& text) {
  write_out(text + "\n");
}

[[noreturn]] void wait_for_ever() {
  for (;;)
    pause();
}

std::string answer(const Json& request, const std::string& result) {
  return R"({"jsonrpc":"2.0","id":)" + request.at("id").dump() + R"(,"result":)" + result + "}";
}

std::string echo_result(const std::string& text) {
  return Json{{"content", {{{"type", "text"}, {"text", text}}}}}.dump();
}

std::string result_of(const Json& request) {
  const std::string method = request.value("method", "");
  if (method == "initialize") {
    const std::string asked = request.at("params").value("protocolVersion", "2025-06-18");
    const std::string version = is("revision") || is("batch") ? argument : asked;
    return Json{{"protocolVersion", version},
                {"capabilities", {{"tools", Json::object()}}},
                {"serverInfo", {{"name", "stdio_fault"}, {"version", "1"}}}}
        .dump();
  }
  if (method == "tools/list") {
    return R"({"tools":[{"name":"echo","description":"Returns its text.","inputSchema":{"type":"object",)"
           R"("properties":{"text":{"type":"string"}},"required":["text"]}}]})";
  }
  if (method == "tools/call") {
    if (is("lone-surrogate")) {
      const std::string text = request.at("params").at("arguments").at("text").dump();
      return R"({"content":[{"type":"text","text":)" + text.substr(0, text.size() - 1) + R"(\ud83d"}]})";
    }
    if (is("huge-result")) return echo_result(std::string(std::stoul(argument), 'x'));
    const std::string before = is("name") ? argument + " " : "";
    return echo_result(before + request.at("params").value("arguments", Json::object()).value("text", ""));
  }
  return "{}";
}

/// Leaves two processes behind that nothing but SIGKILL ends.
void fork_stubborn() {
  signal(SIGTERM, SIG_IGN);
  int ready[2];
  if (pipe(ready) != 0) exit(1);
  std::ofstream file(argument);
  const pid_t child = fork();
  if (child == 0) wait_for_ever();
  const pid_t between = fork();
  if (between == 0) {
    setsid();
    const pid_t grandchild = fork();
    if (grandchild == 0) wait_for_ever();
    _exit(write(ready[1], &grandchild, sizeof grandchild) == sizeof grandchild ? 0 : 1);
  }
  pid_t grandchild = -1;
  if (read(ready[0], &grandchild, sizeof grandchild) != sizeof grandchild) exit(1);
  waitpid(between, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  file << child << "\n" << grandchild << "\n" << getpid() << std::endl;
}

void on_terminate(int) {
  const int file = open(argument.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  _exit(write(file, "terminated", 10) == 10 ? 0 : 1);
}

/// Waits until somebody opens the other end.
void pass_gate() {
  const int file = open(argument.c_str(), O_RDONLY);
  if (file < 0) exit(1);
  close(file);
}

void exit_once() {
  const int file = open(argument.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file >= 0) exit(1);
}

void stream_result(const Json& request) {
  const std::string frame = answer(request, echo_result("@"));
  const std::size_t middle = frame.find('@');
  const std::string piece(65536, 'x');
  write_out(frame.substr(0, middle));
  for (std::size_t left = std::stoul(argument); left > 0; left -= std::min(left, piece.size()))
    write_out(piece.substr(0, left));
  write_line(frame.substr(middle + 1));
}

void write_progress(const Json& request, int progress, const std::string& message) {
  const Json meta = request.at("params").value("_meta", Json::object());
  if (!meta.contains("progressToken")) return;
  const Json params = {{"progressToken", meta.at("progressToken")}, {"progress", progress}, {"message", message}};
  write_line(Json{{"jsonrpc", "2.0"}, {"method", "notifications/progress"}, {"params", params}}.dump());
}

void hold(const Json& request) {
  static std::vector<Json> held;
  held.push_back(request);
  if (held.size() < std::stoul(argument)) return;
  std::ranges::reverse(held);
  for (int progress = 1; progress <= 2; ++progress) {
    for (const Json& each : held)
      write_progress(each, progress, each.at("params").at("arguments").at("text"));
  }
  for (const Json& each : held)
    write_line(answer(each, result_of(each)));
  held.clear();
}

void record(const std::string& line) {
  static const char* file = getenv("STDIO_FAULT_RECORD");
  if (file != nullptr) std::ofstream(file, std::ios::app) << line << std::endl;
}

void start() {
  if (is("exit-before-init")) {
    fputs("fatal: no licence\n", stderr);
    exit(std::stoi(argument));
  }
  if (is("banner-then-ok")) write_out("Welcome to the server!\n[info] ready {\n\n");
  if (is("ignore-sigterm-and-fork")) fork_stubborn();
  if (is("exit-on-sigterm")) signal(SIGTERM, on_terminate);
  if (is("start-gate")) pass_gate();
  while (is("garbage-only"))
    write_line("This is not the protocol you are looking for.");
}

/// What happens at a tool call in place of, or before, its answer.
void fault_of_call(const Json& request, const std::string& good) {
  if (is("exit-mid-call")) {
    fputs("fatal: out of cheese\n", stderr);
    exit(std::stoi(argument));
  }
  if (is("crash")) {
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
  }
  if (is("half-line-then-exit")) {
    write_out(good.substr(0, good.size() / 2));
    exit(0);
  }
  while (is("flood-stdout"))
    write_out(std::string(65536, '['));
  if (is("foreign-id")) {
    for (const char* id : {"999999", "\"x\"", "1.5"})
      write_line(R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"result":{}})");
    write_line(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}})");
  }
  if (is("nest")) {
    const std::size_t depth = std::stoul(argument);
    write_line(answer(request, std::string(depth, '[') + std::string(depth, ']')));
  }
  if (is("exit-once")) exit_once();
  if (is("gate")) pass_gate();
  for (int i = 0; is("flood-progress") && i < std::stoi(argument); ++i)
    write_progress(request, i, std::string(1024, 'p'));
}

void write_batch(const std::string& good) {
  write_line(R"([{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}, 17, )" + good +
             R"(,{"jsonrpc":"2.0","id":"p","method":"ping"}])");
}

void flood_stderr(std::size_t length) {
  const std::string line(length - 1, 'e');
  for (std::size_t written = 0; written < std::stoul(argument); written += length)
    fprintf(stderr, "%s\n", line.c_str());
}

const std::string kQuestion = R"({"jsonrpc":"2.0","id":"q","method":"roots/list"})";

void handle(const Json& request) {
  static std::optional<std::string> held_back;
  if (held_back) write_line(*std::exchange(held_back, std::nullopt));
  if (!request.contains("id") || !request.contains("method") || is("never-initialize")) return;
  const std::string good = answer(request, result_of(request));
  const bool is_call = request.at("method") == "tools/call";
  if (is_call) fault_of_call(request, good);
  if (is("ask-unoffered") && request.at("method") == "tools/list") write_line(kQuestion);
  if (is("flood-stderr")) flood_stderr(100);
  if (is("long-stderr")) flood_stderr(10'000);
  if (is_call && is("deaf-on-call")) wait_for_ever();
  if (is_call && is("hold")) return hold(request);
  if (is_call && is("stream-result")) return stream_result(request);
  if (is_call && is("batch")) return write_batch(good);
  if (is_call && is("late-answer")) {
    held_back = good;
    return;
  }
  write_line(good);
  if (is("double-answer")) write_line(good);
  if (is("deaf")) wait_for_ever();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  mode = argv[1];
  argument = argc > 2 ? argv[2] : "0";
  const std::string hoard(is("hoard") ? std::stoul(argument) : 0, 'x');
  start();
  for (std::string line; std::getline(std::cin, line);) {
    record(line);
    handle(Json::parse(line));
  }
  if (is("ignore-sigterm-and-fork") || is("exit-on-sigterm")) wait_for_ever();
  return 0;
}
