// YamlReader: takes values out of a YAML tree and remembers every complaint with its place.
//
// The schema (config.cc) says what it expects, value by value; a value that does not fit leaves the
// target as it was and adds an error, so that one pass finds all of them. It knows nothing of
// Weir's keys. yaml-cpp's exceptions end here.
//
// Secrets: a text that came out of the environment, and everything read by secret(), is never
// repeated in a message.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "native/control/config.h"
#include "weir/status.h"

namespace weir {

// A node and the dotted path of keys that leads to it ("dns.listen[0]").
struct YamlValue {
  YAML::Node node;
  std::string path;
};

class YamlReader {
 public:
  struct Key {
    std::string_view name;
    std::function<void(const YamlValue&)> read;
  };

  YamlReader(std::string file, Environment environment);

  // Parses the whole document; nothing after a syntax error, which is then among the errors.
  std::optional<YamlValue> parse(std::string_view text);

  // Calls the reader of every key that is there; an unknown key is an error. Null is an empty map.
  // Returns the names found.
  std::set<std::string> map(const YamlValue& value, const std::vector<Key>& keys);
  // Calls `entry` for each key of a map whose keys are free; a repeated key is an error.
  void free_map(const YamlValue& value, size_t entries_max,
                const std::function<void(const YamlValue& key, const YamlValue&)>& entry);
  // Calls `item` for each item. Null is an empty list.
  void list(const YamlValue& value, size_t items_max,
            const std::function<void(const YamlValue&)>& item);

  // A scalar with its variables replaced, or nothing after an error.
  std::optional<std::string> text(const YamlValue& value, std::string_view expected);
  // Printable ASCII that no message repeats.
  void secret(const YamlValue& value, std::string* out);
  void boolean(const YamlValue& value, bool* out);
  void choice(const YamlValue& value, const std::vector<std::string_view>& names, std::string* out);
  void duration_ms(const YamlValue& value, int64_t min, int64_t max, int64_t* out);
  // Seconds as a plain number, or a duration.
  void ttl_s(const YamlValue& value, uint32_t* out);
  void size_bytes(const YamlValue& value, uint64_t min, uint64_t max, uint64_t* out);
  void integer(const YamlValue& value, int64_t min, int64_t max, int64_t* out);

  // "found …, expected …" at the value's place.
  void unexpected(const YamlValue& value, std::string_view expected);
  void error(const YamlValue& value, std::string_view message);
  void warning(const YamlValue& value, std::string_view message);

  std::vector<std::string> take_errors() { return std::move(errors_); }
  std::vector<std::string> take_warnings() { return std::move(warnings_); }

 private:
  // A scalar that `read` accepts, within [min, max].
  template <class T>
  void bounded(const YamlValue& value, Result<T> (*read)(std::string_view), T min, T max,
               const std::string& expected, T* out);
  std::optional<std::string> substitute(const YamlValue& value);
  std::optional<std::string> variable(const YamlValue& value, const std::string& reference);
  void unknown_key(const YamlValue& value, const std::vector<Key>& keys);
  std::string place(const YAML::Mark& mark) const;

  std::string file_;
  Environment environment_;
  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
};

}  // namespace weir
