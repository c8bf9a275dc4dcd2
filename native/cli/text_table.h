// TextTable: rows with aligned columns, for a terminal.
#pragma once

#include <string>
#include <vector>

namespace weir {

// `text` with every control character as '?': nothing that a name holds can move the cursor.
std::string printable(std::string_view text);

class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit TextTable(std::vector<Column> columns);

  // One cell per column.
  void add(std::vector<std::string> cells);
  // Title line and rows, two spaces between columns, no spaces at the end of a line. Widths count
  // UTF-8 characters.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir
