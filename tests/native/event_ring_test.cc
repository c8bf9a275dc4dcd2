#include "native/store/event_ring.h"

#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "support/event_generator.h"

namespace weir {
namespace {

Event event_named(const std::string& name, int64_t time_ms = kTimeMsMin) {
  Event event;
  event.time_ms = time_ms;
  event.qname = name;
  return event;
}

// The names read, in order, at most `count`.
std::vector<std::string> read_names(EventRing& ring, size_t count = 1'000'000) {
  std::vector<std::string> names;
  ring.read(count, [&](ByteView bytes) {
    const auto event = decode_event(bytes);
    REQUIRE(event.ok());
    names.emplace_back(event.value().qname);
  });
  return names;
}

// Pushes made names until the ring is full; how many there were.
size_t fill(EventRing& ring) {
  size_t count = 0;
  while (ring.push(event_named("n" + std::to_string(count) + ".example")) == Code::kOk) ++count;
  return count;
}

TEST_CASE("an empty ring gives nothing") {
  EventRing ring(0);
  CHECK(read_names(ring).empty());
}

TEST_CASE("events come out as they went in, in order") {
  EventRing ring(0);
  EventGenerator events;
  std::vector<Event> pushed;
  for (int i = 0; i < 100; ++i) {
    pushed.push_back(events.next());
    REQUIRE(ring.push(pushed.back()) == Code::kOk);
  }
  size_t index = 0;
  CHECK(ring.read(1000, [&](ByteView bytes) {
    const auto event = decode_event(bytes);
    REQUIRE(event.ok());
    CHECK(event.value() == pushed[index++]);
  }) == 100);
}

TEST_CASE("read gives at most what was asked and goes on there") {
  EventRing ring(0);
  for (const char* name : {"a", "b", "c"}) REQUIRE(ring.push(event_named(name)) == Code::kOk);
  CHECK(read_names(ring, 2) == std::vector<std::string>{"a", "b"});
  CHECK(read_names(ring, 0).empty());
  CHECK(read_names(ring) == std::vector<std::string>{"c"});
}

TEST_CASE("a full ring refuses, and keeps what it has") {
  EventRing ring(0);
  const size_t count = fill(ring);
  CHECK(count > 500);
  CHECK(ring.push(event_named("late")) == Code::kFull);
  const auto names = read_names(ring);
  REQUIRE(names.size() == count);
  CHECK(names.front() == "n0.example");
  CHECK(names.back() == "n" + std::to_string(count - 1) + ".example");
}

TEST_CASE("room is free only after release") {
  EventRing ring(0);
  fill(ring);
  read_names(ring);
  CHECK(ring.push(event_named("late")) == Code::kFull);
  ring.release();
  CHECK(ring.push(event_named("late")) == Code::kOk);
}

TEST_CASE("what is read at once stays in the chunks that were used last") {
  EventRing ring(64 * EventRing::kChunkBytes);
  std::set<size_t> chunks;
  for (size_t i = 0; i < 20'000; ++i) {
    REQUIRE(ring.push(event_named("n" + std::to_string(i) + ".example")) == Code::kOk);
    const uint8_t* at = nullptr;
    REQUIRE(ring.read(2, [&](ByteView bytes) { at = bytes.data(); }) == 1);
    chunks.insert(reinterpret_cast<uintptr_t>(at) / EventRing::kChunkBytes);
    ring.release();
  }
  CHECK(chunks.size() <= 3);  // two, at any alignment
}

TEST_CASE("a ring whose chunks come back in another order still gives all events, in order") {
  EventRing ring(0);
  TestRandom random(1);
  size_t pushed = 0;
  size_t read = 0;
  for (int round = 0; round < 5000; ++round) {
    for (uint64_t left = random.below(400); left > 0; --left) {
      if (ring.push(event_named(std::to_string(pushed))) != Code::kOk) break;
      ++pushed;
    }
    for (const std::string& name : read_names(ring, random.below(400))) {
      REQUIRE(name == std::to_string(read++));
    }
    if (random.chance(2)) ring.release();
  }
  read += read_names(ring).size();
  CHECK(read == pushed);
}

TEST_CASE("a ring that is full and emptied again and again wraps at every offset") {
  EventRing ring(0);
  const std::string base(40, 'x');
  size_t pushed = 0;
  size_t read = 0;
  for (int round = 0; round < 24'000; ++round) {
    for (int i = 0; i < 7; ++i, ++pushed) {
      const std::string name = std::to_string(pushed) + "." + base.substr(0, pushed % 40 + 1);
      REQUIRE(ring.push(event_named(name)) == Code::kOk);
    }
    for (const std::string& name : read_names(ring)) {
      REQUIRE(name.starts_with(std::to_string(read) + "."));
      ++read;
    }
    ring.release();
  }
  CHECK(read == pushed);
}

TEST_CASE("an event at all of its bounds fits wherever the ring stands") {
  EventRing ring(EventRing::kBytesMin);
  std::string name;
  while (name.size() + 4 <= kNameTextBytesMax) name += "\\001";
  const std::string text(kEventStringBytesMax, 'u');
  Event largest = event_named(name);
  largest.list = text;
  largest.upstream = text;
  for (int i = 0; i < 200; ++i) {
    REQUIRE(ring.push(largest) == Code::kOk);
    REQUIRE(ring.push(event_named("small")) == Code::kOk);
    const auto names = read_names(ring);
    REQUIRE(names.size() == 2);
    CHECK(names[0] == name);
    ring.release();
  }
}

TEST_CASE("an event that fits no ring is too large, not a full ring") {
  EventRing ring(0);
  const std::string name(kEventBytesMax + 100, 'x');
  CHECK(ring.push(event_named(name)) == Code::kTooLarge);
  CHECK(ring.push(event_named("a")) == Code::kOk);
}

TEST_CASE("one thread pushes, another reads: nothing is lost, doubled or out of order") {
  constexpr int64_t kEvents = 200'000;
  EventRing ring(0);
  std::thread producer([&ring] {
    EventGenerator::Options options;
    options.made_names = 500;
    EventGenerator events(options);
    for (int64_t i = 0; i < kEvents; ++i) {
      Event event = events.next();
      event.time_ms = kTimeMsMin + i;
      while (ring.push(event) != Code::kOk) std::this_thread::yield();
    }
  });
  int64_t next = 0;
  bool in_order = true;
  while (next < kEvents) {
    ring.read(512, [&](ByteView bytes) {
      const auto event = decode_event(bytes);
      in_order = in_order && event.ok() && event.value().time_ms == kTimeMsMin + next;
      ++next;
    });
    ring.release();
  }
  producer.join();
  CHECK(in_order);
}

}  // namespace
}  // namespace weir
