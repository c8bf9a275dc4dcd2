// query, stats and top: an operation of the API on the database of a data directory.
//
// The database is opened read-only, so it does not matter whether a server runs on it; what the
// server has not committed yet is not seen.
#pragma once

#include <string>

#include "native/cli/command_line.h"
#include "native/cli/print.h"

namespace weir {

// Answers `line.target` from the database in `data_dir`. With line.json the very bytes of the API
// and a final newline go to `out`, a problem document too; otherwise tables go to `out` and one
// line about what is wrong to `error`. Returns the exit code: kExitUsage where the API calls the
// request wrong.
int run_read_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                     const Print& error);

}  // namespace weir
