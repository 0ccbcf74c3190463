#pragma once

#include <cstddef>
#include <string>

// Inserts, begins and ends `jobs` jobs with bodies and results of `bytes` bytes in the database at
// `path` (which has the store's tables), by the statements of the store and nothing else: one
// thread, groups of `group` changes in one transaction. Returns jobs per second.
double BareLoop(const std::string& path, int jobs, int group, std::size_t bytes);

// Writes and removes `files` files of `bytes` bytes in `folder` as the store does it, each synced,
// renamed and synced by its folder, on `threads` threads, and nothing else. Returns files per
// second.
double BareFiles(const std::string& folder, int files, int threads, std::size_t bytes);
