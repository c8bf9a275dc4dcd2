// backup and restore: the database of a data directory to a file and back.
#pragma once

#include <string>

#include "native/cli/command_line.h"
#include "native/cli/print.h"

namespace weir {

// Precondition: the command is one of the two. Says on `out` what was done, as a line or as JSON,
// or on `error` why not. Returns the exit code.
int run_backup_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                       const Print& error);

}  // namespace weir
