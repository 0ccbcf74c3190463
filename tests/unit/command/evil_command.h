#pragma once

#include <string>
#include <vector>

// The evils of evil_files.cc: each gets the command line. `arguments[2]`, where there is one, is
// the folder to do it in.
int FillFiles(const std::vector<std::string>& arguments);
int FillUnlinked(const std::vector<std::string>& arguments);
int FillMemoryFiles(const std::vector<std::string>& arguments);
int ManyFiles(const std::vector<std::string>& arguments);
int DeepFolders(const std::vector<std::string>& arguments);
int DarkFolders(const std::vector<std::string>& arguments);
int ReplaceOutput(const std::vector<std::string>& arguments);
int OddOutput(const std::vector<std::string>& arguments);
