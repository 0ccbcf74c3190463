#pragma once

#include <string>
#include <vector>

namespace headrace {

// A table for people: the first row is its head, columns are as wide as their widest cell. Cells
// are a stranger's text and pass through Printable.
std::string MakeTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace headrace
