// What a reload cannot change. Everything that is not listed here is applied by a reload, so a new
// key of Config belongs either here or into Serving::reload().
#include "native/control/config.h"

namespace weir {

std::vector<std::string> keys_that_need_restart(const Config& running, const Config& next) {
  std::vector<std::string> keys;
  auto compare = [&keys](std::string_view key, const auto& old_value, const auto& new_value) {
    if (!(old_value == new_value)) keys.emplace_back(key);
  };
  compare("data_dir", running.data_dir, next.data_dir);
  compare("dns.listen", running.dns.listen, next.dns.listen);
  compare("dns.threads", running.dns.threads, next.dns.threads);
  compare("cache.max_bytes", running.cache.bytes_max, next.cache.bytes_max);
  compare("http.listen", running.http.listen, next.http.listen);
  compare("http.hosts", running.http.hosts, next.http.hosts);
  compare("query_log.buffer_size", running.query_log.buffer_events_max,
          next.query_log.buffer_events_max);
  compare("query_log.rollup_days", running.query_log.rollup_days, next.query_log.rollup_days);
  compare("query_log.max_bytes", running.query_log.bytes_max, next.query_log.bytes_max);
  compare("query_log.flash", running.query_log.flash, next.query_log.flash);
  compare("query_log.flood_repeats", running.query_log.flood_repeats_max,
          next.query_log.flood_repeats_max);
  compare("forward", running.forward, next.forward);
  return keys;
}

}  // namespace weir
