// A worker of `protocol: frames` for tests: does what its argument and the parameter `do` say.

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace {

constexpr int kSocket = 3;

[[noreturn]] void WaitForEver() {
  while (true) pause();
}

std::string Number(std::uint64_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return bytes;
}
std::string Text(const std::string& text) { return Number(text.size(), 2) + text; }

void Write(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(descriptor, bytes.data(), bytes.size());
    if (size <= 0) std::exit(9);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}
std::string Frame(unsigned type, const std::string& body = "") {
  return Number(body.size(), 4) + Number(type, 1) + Number(0, 1) + Number(1, 2) + body;
}
void Send(unsigned type, const std::string& body = "") { Write(kSocket, Frame(type, body)); }
void SendPart(const std::string& name, const std::string& bytes) {
  Send(3, Text(name) + Text("text/plain") + bytes);
}

std::string Read(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const ssize_t count = read(kSocket, bytes.data() + at, size - at);
    if (count <= 0) std::exit(0);
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}
std::uint32_t ReadU32() {
  std::uint32_t value = 0;
  const std::string bytes = Read(4);
  std::memcpy(&value, bytes.data(), 4);
  return value;
}

struct Job {
  std::string json;
  std::map<std::string, std::string> params;
  std::size_t payload = 0;  // bytes, not read yet
};

Job ReadHead() {
  Job job;
  const std::size_t body = ReadU32();
  Read(4);
  const std::size_t length = ReadU32();
  job.json = Read(length);
  job.payload = body - 4 - length;
  const auto json = headrace::ParseJson(job.json);
  for (const auto& [name, member] : *json->As<headrace::JsonValue::Object>()) {
    const auto* const params = member.As<headrace::JsonValue::Object>();
    if (name != "params" || params == nullptr) continue;
    for (const auto& [key, value] : *params) job.params[key] = *value.As<std::string>();
  }
  return job;
}

// What goes on after the job that begins it.
template <class Work>
void Meanwhile(Work work) {
  if (fork() != 0) return;
  close(kSocket);
  work();
  WaitForEver();
}

void WriteLarge(const char* path) {
  std::FILE* const file = std::fopen(path, "w");
  const std::string block(1 << 20U, 'x');
  for (int i = 0; i < 8; ++i) std::fwrite(block.data(), 1, block.size(), file);
  std::fclose(file);
}

// Those that end the worker, or keep it for ever; each after all of the job was read.
void EndAs(const std::string& what) {
  if (what == "abort") std::abort();
  if (what == "exit") {
    std::fputs("\n  that was it  \n\n", stderr);
    std::exit(7);
  }
  if (what == "forever") {
    Send(4, Number(1, 4) + Number(2, 4));
    WaitForEver();
  }
  if (what == "spin") {
    while (true) getppid();
  }
  if (what == "close") {
    close(kSocket);
    WaitForEver();
  }
  if (what == "babble") {
    Write(kSocket, "what a nice day");
    WaitForEver();
  }
  if (what == "half") {
    Write(kSocket, Number(100'000, 4) + Number(3, 1) + Number(0, 1) + Number(1, 2) + Text("x") +
                       Text("a/b") + std::string(50'000, 'x'));
    std::abort();
  }
  if (what == "fill") {
    WriteLarge("large");
    WaitForEver();
  }
  if (what == "done-and-exit") {
    SendPart("last", "words");
    Send(5);
    std::exit(0);
  }
  if (what == "done-and-more") {
    Write(kSocket, Frame(5) + Frame(5));
    WaitForEver();
  }
}

std::string ListTmp() {
  std::string names;
  for (const auto& entry : std::filesystem::directory_iterator(".")) {
    names += entry.path().filename().string() + ' ';
  }
  return names;
}

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void Burn(double seconds) {
  const double until = CpuSeconds() + seconds;
  while (CpuSeconds() < until) {
  }
}

void Use(std::size_t mebibytes) {
  std::vector<char> memory(mebibytes << 20U, 'x');
  std::fprintf(stderr, "%d", memory[memory.size() / 2] == 'x' ? 1 : 0);
}

void Do(const Job& job, const std::string& payload) {
  const auto param = [&](const char* name) {
    return job.params.count(name) ? job.params.at(name) : "";
  };
  const std::string what = param("do");
  EndAs(what);
  if (what == "echo") SendPart("echo", payload);
  if (what == "head") SendPart("head", job.json);
  if (what == "steps") {
    Send(4, Number(1, 4) + Number(2, 4));
    SendPart("one", "1");
    SendPart("none", "");
    Send(4, Number(2, 4) + Number(2, 4));
    SendPart("two", "2");
  }
  if (what == "say") {
    Write(STDOUT_FILENO, "on output\n");
    Write(STDERR_FILENO, "on error\n");
  }
  if (what == "say-much") Write(STDERR_FILENO, std::string(1 << 20U, 'y'));
  if (what == "tmp") {
    SendPart("tmp", ListTmp());
    close(open("left-behind", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    std::filesystem::create_directories("deep/er");
  }
  if (what == "fill-later") {
    WriteLarge("later");
    Meanwhile([] {
      while (std::filesystem::exists("later")) usleep(1'000);  // it is removed after the job
      WriteLarge("../large");
      WriteLarge("../larger");
    });
  }
  if (what == "use") Use(96);
  if (what == "burn") Burn(0.55);
  if (what == "fail") {
    Send(6, Number(std::stoul(param("status")), 2) + Text(param("hint")) + "the detail");
    return;
  }
  Send(5);
}

// Answers with a long part before it has read the payload.
void Flood(const Job& job) {
  SendPart("flood", std::string(8 << 20U, 'f'));
  Read(job.payload);
  Send(5);
}

// Ends the job by its head alone, and reads the payload away afterwards.
void Refuse(const Job& job) {
  Send(6, Number(422, 2) + Text("not this one"));
  Read(job.payload);
}

}  // namespace

#ifdef HEADRACE_SANITIZED
// Leaks are looked for by ptrace, which it is refused.
extern "C" const char* __asan_default_options();  // NOLINT(bugprone-reserved-identifier): theirs
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT
#endif

int main(int argc, char** argv) {
  const std::string start = argc > 1 ? argv[1] : "";
  if (start == "silent") WaitForEver();
  if (start == "broken") {
    std::fputs("Traceback:\nno such model\n", stderr);
    return 4;
  }
  const char* const descriptor = std::getenv("HEADRACE_FD");
  if (descriptor == nullptr || std::string(descriptor) != "3") return 5;
  Send(1, Number(start == "newer" ? 2 : 1, 4));
  if (start == "leaves") return 0;
  if (start == "chatters") Write(kSocket, Frame(5));
  while (true) {
    const Job job = ReadHead();
    const std::string what = job.params.count("do") ? job.params.at("do") : "";
    if (what == "flood") {
      Flood(job);
    } else if (what == "refuse") {
      Refuse(job);
    } else {
      Do(job, Read(job.payload));
    }
  }
}
