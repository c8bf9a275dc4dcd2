// Reading values out of YAML with their places. yaml-cpp 0.7 and 0.8 alike.
#include "native/control/yaml_reader.h"

#include <algorithm>

#include "native/control/units.h"

namespace weir {
namespace {

constexpr size_t kFoundBytesMax = 60;  // of a value that a message repeats

// One line of a terminal, whatever the file holds.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text.substr(0, kFoundBytesMax)) out += (c >= ' ' && c != '\x7f') ? c : '?';
  return out + (text.size() > kFoundBytesMax ? "…\"" : "\"");
}

std::string described(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  if (node.IsScalar()) return quoted(node.Scalar());
  return "nothing";
}

std::string child_path(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

YamlReader::YamlReader(std::string file, Environment environment)
    : file_(std::move(file)), environment_(std::move(environment)) {}

// Every message begins like a compiler's, so that editors can jump there.
// yaml-cpp counts lines and columns from 0, people and editors from 1.
std::string YamlReader::place(const YAML::Mark& mark) const {
  return file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ": ";
}

// A file with two documents is most likely two files that were joined by mistake.
std::optional<YamlValue> YamlReader::parse(std::string_view text) {
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return YamlValue{};
    if (documents.size() > 1) error({documents[1], ""}, "found a second document, expected one");
    return YamlValue{documents[0], ""};
  } catch (const YAML::Exception& failure) {
    errors_.push_back(place(failure.mark) + failure.msg + ", expected YAML");
    return std::nullopt;
  }
}

void YamlReader::error(const YamlValue& value, std::string_view message) {
  errors_.push_back(place(value.node.Mark()) + (value.path.empty() ? "" : value.path + ": ") +
                    std::string(message));
}

void YamlReader::warning(const YamlValue& value, std::string_view message) {
  warnings_.push_back(place(value.node.Mark()) + value.path + ": " + std::string(message));
}

void YamlReader::unexpected(const YamlValue& value, std::string_view expected) {
  error(value, "found " + described(value.node) + ", expected " + std::string(expected));
}

// One name is a better help than all of them, if it is near.
void YamlReader::unknown_key(const YamlValue& value, const std::vector<Key>& keys) {
  std::vector<std::string_view> names;
  std::string all;
  for (const Key& key : keys) {
    names.push_back(key.name);
    all += (all.empty() ? "" : ", ") + std::string(key.name);
  }
  std::string message = "found the unknown key " + described(value.node);
  std::string_view nearest = nearest_word(value.node.Scalar(), names);
  if (!nearest.empty()) {
    message += ", did you mean " + std::string(nearest) + "?";
  } else {
    message += ", expected one of " + all;
  }
  error(value, message);
}

void YamlReader::free_map(const YamlValue& value, size_t entries_max,
                          const std::function<void(const YamlValue&, const YamlValue&)>& entry) {
  if (value.node.IsNull()) return;
  if (!value.node.IsMap()) return unexpected(value, "a map");
  if (value.node.size() > entries_max) {
    return error(value, "found " + std::to_string(value.node.size()) +
                            " entries, expected at most " + std::to_string(entries_max));
  }
  std::set<std::string> seen;
  for (const auto& pair : value.node) {
    const YamlValue key{pair.first, value.path};
    if (!pair.first.IsScalar()) {
      unexpected(key, "a name as key");
    } else if (!seen.insert(pair.first.Scalar()).second) {
      error(key, "found the key " + quoted(pair.first.Scalar()) + " again, expected it once");
    } else {
      entry(key, {pair.second, child_path(value.path, pair.first.Scalar())});
    }
  }
}

std::set<std::string> YamlReader::map(const YamlValue& value, const std::vector<Key>& keys) {
  std::set<std::string> found;
  free_map(value, kConfigBytesMax, [&](const YamlValue& name, const YamlValue& child) {
    auto key = std::find_if(keys.begin(), keys.end(),
                            [&](const Key& k) { return k.name == name.node.Scalar(); });
    if (key == keys.end()) return unknown_key(name, keys);
    found.insert(name.node.Scalar());
    key->read(child);
  });
  return found;
}

void YamlReader::list(const YamlValue& value, size_t items_max,
                      const std::function<void(const YamlValue&)>& item) {
  if (value.node.IsNull()) return;
  if (!value.node.IsSequence()) return unexpected(value, "a list");
  if (value.node.size() > items_max) {
    return error(value, "found " + std::to_string(value.node.size()) + " items, expected at most " +
                            std::to_string(items_max));
  }
  size_t index = 0;
  for (const YAML::Node& node : value.node)
    item({node, value.path + "[" + std::to_string(index++) + "]"});
}

// `reference` is what stands between ${ and }. ${NAME} must be set; ${NAME:-default} takes the
// default where NAME is unset or empty, as in a shell.
std::optional<std::string> YamlReader::variable(const YamlValue& value,
                                                const std::string& reference) {
  size_t dash = reference.find(":-");
  std::string name = reference.substr(0, dash);
  std::optional<std::string> found = environment_(name);
  if (dash != std::string::npos && (!found || found->empty())) return reference.substr(dash + 2);
  if (!found) {
    error(value, "found ${" + name + "}, which is not set, expected it in the environment or ${" +
                     name + ":-default}");
  }
  return found;
}

// $${ is a plain ${. What a variable holds is not looked into again.
std::optional<std::string> YamlReader::substitute(const YamlValue& value) {
  std::string_view raw = value.node.Scalar();
  std::string out;
  while (true) {
    size_t open = raw.find("${");
    if (open == std::string_view::npos) return out.append(raw);
    if (open > 0 && raw[open - 1] == '$') {
      out.append(raw.substr(0, open)).append("{");
      raw.remove_prefix(open + 2);
      continue;
    }
    size_t close = raw.find('}', open);
    if (close == std::string_view::npos) {
      error(value, "found ${ without }, expected ${NAME} or ${NAME:-default}");
      return std::nullopt;
    }
    auto replacement = variable(value, std::string(raw.substr(open + 2, close - open - 2)));
    if (!replacement) return std::nullopt;
    out.append(raw.substr(0, open)).append(*replacement);
    raw.remove_prefix(close + 1);
  }
}

std::optional<std::string> YamlReader::text(const YamlValue& value, std::string_view expected) {
  if (!value.node.IsScalar()) {
    unexpected(value, expected);
    return std::nullopt;
  }
  return substitute(value);
}

// HTTP header fields carry these: other bytes would change the request they stand in.
void YamlReader::secret(const YamlValue& value, std::string* out) {
  auto found = text(value, "a text");
  if (!found) return;
  if (found->empty() || found->size() > kSecretBytesMax || !is_printable_ascii(*found)) {
    return error(value, "found a text that it cannot be, expected 1 to " +
                            std::to_string(kSecretBytesMax) + " printable ASCII characters");
  }
  *out = *found;
}

void YamlReader::boolean(const YamlValue& value, bool* out) {
  auto found = text(value, "true or false");
  if (!found) return;
  if (*found != "true" && *found != "false") return unexpected(value, "true or false");
  *out = *found == "true";
}

void YamlReader::choice(const YamlValue& value, const std::vector<std::string_view>& names,
                        std::string* out) {
  std::string all;
  for (std::string_view name : names) all += (all.empty() ? "" : " | ") + std::string(name);
  auto found = text(value, all);
  if (!found) return;
  if (std::find(names.begin(), names.end(), *found) == names.end()) return unexpected(value, all);
  *out = *found;
}

template <class T>
void YamlReader::bounded(const YamlValue& value, Result<T> (*read)(std::string_view), T min, T max,
                         const std::string& expected, T* out) {
  auto found = text(value, expected);
  if (!found) return;
  Result<T> number = read(*found);
  if (!number.ok() || *number < min || *number > max) return unexpected(value, expected);
  *out = *number;
}

void YamlReader::integer(const YamlValue& value, int64_t min, int64_t max, int64_t* out) {
  bounded(value, parse_integer, min, max,
          "a whole number from " + std::to_string(min) + " to " + std::to_string(max), out);
}

void YamlReader::duration_ms(const YamlValue& value, int64_t min, int64_t max, int64_t* out) {
  bounded(value, parse_interval_ms, min, max,
          "a duration from " + duration_text(min) + " to " + duration_text(max), out);
}

void YamlReader::size_bytes(const YamlValue& value, uint64_t min, uint64_t max, uint64_t* out) {
  bounded(value, parse_size_bytes, min, max,
          "a size from " + size_text(min) + " to " + size_text(max), out);
}

// TTLs are plain numbers in DNS, so a number without a unit is seconds here, and only here.
void YamlReader::ttl_s(const YamlValue& value, uint32_t* out) {
  static constexpr int64_t kTtlSecondsMax = 7 * 86'400;  // RFC 8767 4 advises this bound
  std::string expected = "seconds or a duration, 0 to 7d";
  auto found = text(value, expected);
  if (!found) return;
  Result<int64_t> seconds = parse_integer(*found);
  if (!seconds.ok()) {
    seconds = parse_interval_ms(*found);
    if (seconds.ok() && *seconds % 1000 != 0) return unexpected(value, expected);
    if (seconds.ok()) *seconds /= 1000;
  }
  if (!seconds.ok() || *seconds > kTtlSecondsMax) return unexpected(value, expected);
  *out = static_cast<uint32_t>(*seconds);
}

}  // namespace weir
