// sql: one SELECT on the log, as a table, JSON or CSV.
#pragma once

#include <string>

#include "native/cli/command_line.h"
#include "native/cli/print.h"

namespace weir {

// Rows go to `out`, complaints and the note that rows were left out to `error`. kExitUsage where
// the SQL is wrong or asks for what is not allowed.
int run_sql_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                    const Print& error);

}  // namespace weir
