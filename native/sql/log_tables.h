// The log as tables: queries, statistics and domain_stats. docs/sql.md describes their columns.
#pragma once

#include "native/sql/virtual_table.h"

namespace weir {

// Makes the three tables known to a connection whose main database is Weir's. An SQLite result
// code.
int register_log_tables(sqlite3* connection, const std::shared_ptr<TableWork>& work);

// Single tables, for register_log_tables.
int register_queries(sqlite3* connection, const std::shared_ptr<TableWork>& work);
int register_statistics(sqlite3* connection, const std::shared_ptr<TableWork>& work);
int register_domain_stats(sqlite3* connection, const std::shared_ptr<TableWork>& work);

}  // namespace weir
