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
  }
  ~ConfigFixture() override { std::filesystem::remove_all(dir_); }

  LoadedConfig Load(const std::string& text, std::vector<std::string> environment = {}) {
    const std::string file = dir_ + "/f.yaml";
    std::ofstream(file) << text;
    return LoadFile(file, std::move(environment));
  }

  LoadedConfig LoadFile(const std::string& file, std::vector<std::string> environment = {}) {
    ConfigSource source;
    source.file = file;
    source.environment = std::move(environment);
    source.handlers = {{"pdf-to-image", true, false}, {"simulate", false, true}};
    LoadedConfig loaded = LoadConfig(source);
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

  std::string dir_;
};

}  // namespace headrace
