// export: queries as lines, all that match.
#pragma once

#include <string>

#include "native/cli/command_line.h"
#include "native/cli/print.h"

namespace weir {

// Every query that matches `line.target`, newest first: one JSON object a line as the API
// shows it, or with line.csv one line each below their names. Pages are read one after the other,
// so a log of any length takes little memory; a failure in between shows as exit code 1.
int run_export_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                       const Print& error);

}  // namespace weir
