#pragma once

#include <string>
#include <vector>

namespace headrace {

// One table of docs/configuration.md, made from the keys' declarations.
struct ReferenceTable {
  std::string name;  // as the document's marks have it: "program", "queue", "http" ...
  std::string text;  // Markdown, whole lines
};

// In the order of the document; every key is in one of them.
std::vector<ReferenceTable> ReferenceTables();

// The table as it stands in the document, between its marks.
std::string MarkedTable(const ReferenceTable& table);

}  // namespace headrace
