#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace headrace {

// Loads configurations from texts. The file's name in messages is "f.yaml".
class ConfigFixture : public testing::Test {
 protected:
  ConfigFixture() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-config-XXXXXX").string();
    dir_ = ::mkdtemp(pattern.data());
    HandlerEntry process;
    process.info.name = "pdf-to-image";
    process.executor = "headrace-pdf";
    handlers_.Add(std::move(process));
    HandlerEntry thread;
    thread.info.name = "simulate";
    thread.in_thread = &nothing_;
    handlers_.Add(std::move(thread));
  }
  ~ConfigFixture() override { std::filesystem::remove_all(dir_); }

  LoadedConfig Load(const std::string& text, std::vector<std::string> environment = {}) {
    const std::string file = dir_ + "/f.yaml";
    std::ofstream(file) << text;
    return LoadFile(file, std::move(environment));
  }

  LoadedConfig LoadFile(const std::string& file, std::vector<std::string> environment = {}) {
    LoadedConfig loaded = LoadConfig({file, std::move(environment), handlers_, root_});
    for (std::string& problem : loaded.problems) {
      if (problem.rfind(dir_ + "/", 0) == 0) problem.erase(0, dir_.size() + 1);
    }
    return loaded;
  }

  // A file that is fine but for what `text` adds.
  LoadedConfig LoadWithQueue(const std::string& text, std::vector<std::string> environment = {}) {
    return Load(text + "\nqueues:\n  simulate: {handler: simulate, isolation: {mode: thread}}\n",
                std::move(environment));
  }

  class Nothing final : public Handler {
   public:
    std::optional<Failure> Run(const Job& /*job*/, Context& /*context*/) override { return {}; }
  };

  Nothing nothing_;
  HandlerRegistry handlers_;
  std::string dir_;
  bool root_ =
      false;  // whether the service would run as root; whoever runs the test does not count
};

}  // namespace headrace
