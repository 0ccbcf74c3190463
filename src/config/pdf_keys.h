#pragma once

#include <string>

#include "config/config.h"
#include "config/key.h"
#include "config/problems.h"

namespace headrace {

// Adds the keys of a queue's section `pdf`.
void AddPdfKeys(KeyList<QueueConfig>& keys);

// They are for the handler that reads PDFs only. `path` is the queue's ("queues.a.").
void CheckPdfKeys(const QueueConfig& queue, const std::string& path, Problems& problems);

}  // namespace headrace
