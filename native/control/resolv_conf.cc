// resolv.conf(5), as far as it names servers. Options and search domains are for stub resolvers.
#include "native/control/resolv_conf.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "native/runtime/socket_address.h"
#include "weir/limits.h"

namespace weir {

std::vector<std::string> system_upstreams(const std::string& path,
                                          const std::vector<std::string>& own) {
  std::vector<std::string> upstreams;
  std::ifstream in(path);
  std::string line;
  while (upstreams.size() < kUpstreamsMax && std::getline(in, line)) {
    std::istringstream words(line);
    std::string keyword;
    std::string server;
    if (!(words >> keyword >> server) || keyword != "nameserver") continue;
    Result<SocketAddress> address = SocketAddress::parse(server, 53);
    if (!address.ok() || std::find(own.begin(), own.end(), address->text()) != own.end()) continue;
    upstreams.push_back("udp://" + address->text());
  }
  return upstreams;
}

}  // namespace weir
