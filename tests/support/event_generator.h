// A seeded stream of realistic events for tests and benches: no I/O, the same on every platform.
//
// Names follow a Zipf law (s = 1.0) over a list the caller gives or over made names; about one name
// in eight is on a block list. Answers depend on the question, as they do in life: its type's size
// is settled the first time and rarely changes. Two thirds of what is not blocked comes from the
// cache in 20–80 µs; the rest takes 5–50 ms and more, log-normally, and reports an upstream.
// Arrivals are Poisson. Everything is integer arithmetic, so a seed means the same events natively
// and in WebAssembly.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "weir/event.h"

namespace weir {

// SplitMix64 (Steele et al. 2014): small, seeded, good enough for workloads.
class TestRandom {
 public:
  explicit TestRandom(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t value = state_ += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  }
  // In [0, bound); the bias is below 2^-32 for the bounds used here.
  uint64_t below(uint64_t bound) { return (next() >> 32) * bound >> 32; }
  // True once in `one_in` times.
  bool chance(uint64_t one_in) { return below(one_in) == 0; }

 private:
  uint64_t state_;
};

// Draws 0 … size − 1, the r-th with weight 1 / (r + 1).
class ZipfDraw {
 public:
  explicit ZipfDraw(size_t size) {
    cumulative_.reserve(size);
    uint64_t sum = 0;
    for (size_t rank = 0; rank < size; ++rank) {
      sum += kUnit / (rank + 1);
      cumulative_.push_back(sum);
    }
  }
  size_t draw(TestRandom& random) const {
    const uint64_t sum = cumulative_.back();
    const uint64_t at = random.next() % sum;
    return static_cast<size_t>(std::upper_bound(cumulative_.begin(), cumulative_.end(), at) -
                               cumulative_.begin());
  }

 private:
  static constexpr uint64_t kUnit = uint64_t{1} << 40;
  std::vector<uint64_t> cumulative_;
};

class EventGenerator {
 public:
  struct Options {
    uint64_t seed = 1;
    std::vector<std::string> names;  // text form, most popular first; empty: made names
    size_t made_names = 20'000;
    size_t clients = 50;
    uint64_t events_per_second = 1000;
    int64_t start_ms = 1'790'000'000'000;  // 2026-09-21T13:33:20Z
  };

  EventGenerator() : EventGenerator(Options()) {}
  explicit EventGenerator(Options options)
      : random_(options.seed),
        names_(options.names.empty() ? make_names(options.made_names) : std::move(options.names)),
        name_draw_(names_.size()),
        client_draw_(options.clients),
        gap_us_(1'000'000 / options.events_per_second),
        time_us_(options.start_ms * 1000) {}

  // Its strings live as long as the generator.
  Event next() {
    time_us_ += static_cast<int64_t>(exponential(gap_us_));
    const size_t name = name_draw_.draw(random_);
    Event event;
    event.time_ms = time_us_ / 1000;
    event.client = client_of(client_draw_.draw(random_));
    event.transport = random_.chance(40) ? Transport::kTcp : Transport::kUdp;
    event.qname = names_[name];
    event.qtype = draw_qtype();
    answer(name, &event);
    return event;
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  static constexpr uint16_t kTypeA = 1, kTypePtr = 12, kTypeAaaa = 28, kTypeHttps = 65;

  static std::vector<std::string> make_names(size_t count) {
    static constexpr std::array<const char*, 12> kHosts = {
        "",        "www.", "api.",       "cdn.",  "mail.", "img.",
        "static.", "e1.",  "telemetry.", "push.", "ns1.",  "a-very-long-host-label-0123456789."};
    static constexpr std::array<const char*, 8> kZones = {"com", "net", "org",   "example",
                                                          "de",  "io",  "co.uk", "home.arpa"};
    static constexpr std::array<const char*, 16> kSyllables = {
        "al", "ber", "cor", "dan", "el", "fin", "gor", "hu",
        "in", "jo",  "ka",  "lum", "mi", "nor", "os",  "pra"};
    std::vector<std::string> names;
    TestRandom random(count);
    for (size_t i = 0; i < count; ++i) {
      std::string name = kHosts[random.below(kHosts.size())];
      for (size_t part = 0; part < 2 + random.below(3); ++part) {
        name += kSyllables[random.below(kSyllables.size())];
      }
      name += std::to_string(i) + "." + kZones[random.below(kZones.size())];
      names.push_back(std::move(name));
    }
    return names;
  }

  // A fixed number per name or question, as its owner configured it.
  static uint64_t settled(uint64_t key) { return TestRandom(key).next(); }

  static Client client_of(size_t index) {
    Client client;
    const auto low = static_cast<uint8_t>(index);
    const auto high = static_cast<uint8_t>(index >> 8);
    if (index % 5 == 4) {
      client.kind = Client::Kind::kV6;
      client.bytes = {0x20, 0x01, 0x0d, 0xb8};
      client.bytes[13] = static_cast<uint8_t>(index >> 16);
      client.bytes[14] = high;
      client.bytes[15] = low;
    } else {
      client.kind = Client::Kind::kV4;
      client.bytes = {10, static_cast<uint8_t>(index >> 16), high, low};
    }
    return client;
  }

  uint16_t draw_qtype() {
    const uint64_t at = random_.below(100);
    if (at < 58) return kTypeA;
    if (at < 86) return kTypeAaaa;
    return at < 98 ? kTypeHttps : kTypePtr;
  }

  void answer(size_t name, Event* event) {
    const uint64_t question = name << 16 | event->qtype;
    event->response_size = static_cast<uint32_t>(
        17 + event->qname.size() + settled(question) % (event->qtype == kTypeHttps ? 120 : 280));
    event->duration_us = static_cast<uint32_t>(20 + random_.below(60));
    if (settled(name) % 8 == 0) {
      event->outcome = Outcome::kBlocked;
      event->list = settled(name) % 3 == 0 ? "trackers" : "ads";
      event->response_size = static_cast<uint32_t>(33 + event->qname.size());
    } else if (random_.below(100) < 66) {
      event->outcome = random_.chance(50) ? Outcome::kStale : Outcome::kCached;
    } else {
      forward(question, event);
    }
    if (event->outcome != Outcome::kBlocked && settled(question) % 11 == 0) event->rcode = 3;
    event->ad = event->outcome != Outcome::kBlocked && settled(name) % 6 == 0;
  }

  void forward(uint64_t question, Event* event) {
    event->upstream = random_.chance(10) ? "tls://192.0.2.54" : "udp://192.0.2.53:53";
    if (random_.chance(500)) {
      event->outcome = Outcome::kFailed;
      event->duration_us = static_cast<uint32_t>(4'000'000 + random_.below(1'000'000));
      event->response_size = static_cast<uint32_t>(17 + event->qname.size());
      event->rcode = 2;
      return;
    }
    event->outcome = Outcome::kForwarded;
    event->duration_us = log_normal_us();
    if (random_.chance(20)) event->response_size += static_cast<uint32_t>(16 * (question % 5));
  }

  // About exponential with this mean: −ln(u) with u from 16 bits, by summing halvings.
  uint64_t exponential(uint64_t mean) {
    // ln 2 · (whole halvings + the linear rest): within 6 % of the true curve, and integer.
    const uint64_t bits = random_.next() | 1;
    const auto halvings = static_cast<uint64_t>(__builtin_clzll(bits));
    const uint64_t rest = 1024 - ((bits << halvings) >> 53 & 1023);
    return mean * (halvings * 1024 + rest) * 710 >> 20;
  }

  // Median 16 ms, 5–50 ms for most: 2^(sum of uniforms), which is log-normal to the eye.
  uint32_t log_normal_us() {
    uint64_t exponent = 0;  // in 1/1024 of an octave: 0 … 8 octaves, mean 4, deviation 0.82
    for (int i = 0; i < 8; ++i) exponent += random_.below(1024);
    const uint64_t octave = exponent >> 10;
    return static_cast<uint32_t>((uint64_t{1000} << octave) * (1024 + (exponent & 1023)) >> 10);
  }

  TestRandom random_;
  std::vector<std::string> names_;
  ZipfDraw name_draw_;
  ZipfDraw client_draw_;
  uint64_t gap_us_;
  int64_t time_us_;
};

}  // namespace weir
