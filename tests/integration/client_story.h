#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/client_process.h"
#include "support/folder.h"
#include "support/scripted_server.h"
#include "support/service_process.h"

namespace headrace::testing_support {

inline constexpr const char* kPdf = "  pdf-to-image: {handler: pdf-to-image, workers: 1}";
// One job runs, none waits: the next one is refused.
inline constexpr const char* kOne =
    "  simulate: {handler: simulate, workers: 1, capacity: 0, isolation: {mode: thread}}";
inline constexpr const char* kTwo =
    "  simulate: {handler: simulate, workers: 1, capacity: 4, isolation: {mode: thread}}";
inline constexpr const char* kRunning = "headrace_jobs_running{queue=\"simulate\"}";
inline constexpr const char* kSample = HEADRACE_TEST_DATA "/sample.pdf";

inline std::string Text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline std::vector<std::string> Names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      names.push_back(std::filesystem::relative(entry.path(), folder));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string Url(std::uint16_t port) { return fmt::format("http://127.0.0.1:{}", port); }

// A folder for results, and the arguments that submit needs.
class ClientStory : public testing::Test {
 protected:
  // `headrace submit ... --server --output`, for a service on that port.
  std::vector<std::string> Submit(std::uint16_t port, const std::string& queue,
                                  const std::vector<std::string>& more) const {
    std::vector<std::string> words{"submit",  "--queue",  queue,         "--server",
                                   Url(port), "--output", Out().string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::vector<std::string> Pdf(const ServiceProcess& service,
                               const std::vector<std::string>& more) const {
    return Submit(service.port(), "pdf-to-image", more);
  }
  std::vector<std::string> Sleep(const ServiceProcess& service, int ms,
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"-", "--param", "mode=sleep", "--param",
                                   fmt::format("ms={}", ms)};
    words.insert(words.end(), more.begin(), more.end());
    return Submit(service.port(), "simulate", words);
  }
  [[nodiscard]] std::filesystem::path Out() const { return dir_.path() / "out"; }

  Folder dir_;
};

}  // namespace headrace::testing_support
