// The system's resolvers, for a configuration without upstreams.
#pragma once

#include <string>
#include <vector>

namespace weir {

// The nameserver lines of `path` as "udp://ADDRESS:53", at most kUpstreamsMax. Left out: what is no
// plain IP address (such as fe80::1%eth0), and addresses in `own`, since asking oneself is a loop.
// Empty if there is no such file.
std::vector<std::string> system_upstreams(const std::string& path,
                                          const std::vector<std::string>& own);

}  // namespace weir
