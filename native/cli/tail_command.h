// tail: the newest queries, and then new ones as they are committed.
#pragma once

#include <string>

#include "native/cli/command_line.h"
#include "native/cli/print.h"

namespace weir {

// Prints the newest line.lines queries that match line.target, oldest first, and then looks twice a
// second for more, until the process is ended by a signal or a look fails. A line each, or one JSON
// object each. What is committed more than five minutes after its time is not shown.
int run_tail_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                     const Print& error);

}  // namespace weir
