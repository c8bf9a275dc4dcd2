// fsck: prints what the check of a data directory finds, and what its repair did.
#pragma once

#include <string>

#include "native/cli/command_line.h"
#include "native/cli/print.h"

namespace weir {

// A line per finding and one about the whole, or one JSON object. The exit code is kExitOk if
// nothing is wrong in the end.
int run_fsck_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                     const Print& error);

}  // namespace weir
