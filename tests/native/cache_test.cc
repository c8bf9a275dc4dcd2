#include "native/dns/cache.h"

#include <atomic>
#include <thread>

#include "catch.h"
#include "support/dns_messages.h"

namespace weir {
namespace {

constexpr uint32_t kNow = 1000;

CacheKey key_of(std::string_view name, uint16_t type = qtype::kA) {
  return {DnsName::parse(name).value(), type, false, false};
}

std::shared_ptr<const UpstreamAnswer> answer_of(std::string_view name,
                                                const std::vector<ResponseRecord>& records,
                                                const ResponseOptions& options = {}) {
  // The first record tells what was asked for.
  const uint16_t type = records.empty() ? qtype::kA : records.front().type;
  const Bytes message = make_response(make_query(name, {.type = type}), records, options);
  auto answer = std::make_shared<UpstreamAnswer>();
  answer->answer = make_answer(message, read_dns_response(message).value());
  return answer;
}

std::shared_ptr<const UpstreamAnswer> address_answer(const std::string& name, uint32_t ttl_s,
                                                     uint8_t last_byte = 1) {
  return answer_of(name, {address_record(name, last_byte, ttl_s)});
}

// What a client with this question gets out of the cache.
Bytes rendered(const CachedAnswer& cached, std::string_view name, uint32_t now_s) {
  Request request;
  const Bytes query = make_query(name);
  request.query = read_dns_query(query).value();
  request.question_bytes = request.query.question_end - 12;
  std::copy(query.begin() + 12, query.end(), request.question.begin());
  Bytes out(kUdpPayloadBytesMax);
  out.resize(render_answer(cached.view(now_s), request, out));
  return out;
}

struct CacheFixture {
  DnsCache cache{kCacheBytesMin, 7};
  CachedAnswer found;

  void keep(std::string_view name, const std::shared_ptr<const UpstreamAnswer>& answer,
            uint32_t now_s = kNow) {
    cache.complete(key_of(name), now_s, answer);
  }
  bool has(std::string_view name, uint32_t now_s = kNow) {
    return cache.lookup(key_of(name), now_s, &found);
  }
};

TEST_CASE_METHOD(CacheFixture, "an answer is found until its TTL has passed, and ages meanwhile") {
  keep("a.example", address_answer("a.example", 300));
  REQUIRE(has("a.example", kNow + 299));
  CHECK(ttl_of(rendered(found, "a.example", kNow + 299)) == 1);
  CHECK_FALSE(has("a.example", kNow + 300));
}

TEST_CASE_METHOD(CacheFixture, "a TTL that runs out before the answer does stops at zero") {
  keep("a.example", answer_of("a.example", {address_record("a.example", 1, 300),
                                            {.owner = "ns.example",
                                             .ttl_s = 10,
                                             .rdata = {192, 0, 2, 9},
                                             .section = DnsWriter::Section::kAdditional}}));
  REQUIRE(has("a.example", kNow + 50));
  const Bytes message = rendered(found, "a.example", kNow + 50);
  CHECK(ttl_of(message, 0) == 250);
  CHECK(ttl_of(message, 1) == 0);
}

TEST_CASE_METHOD(CacheFixture, "a negative answer is kept for the lesser of SOA TTL and minimum") {
  keep("no.example",
       answer_of("no.example", {soa_record("example", 600, 20)}, {.rcode = rcode::kNxDomain}));
  keep("nodata.example", answer_of("nodata.example", {soa_record("example", 5, 20)}));
  CHECK(has("no.example", kNow + 19));
  CHECK(found.view(kNow).rcode == rcode::kNxDomain);
  CHECK_FALSE(has("no.example", kNow + 20));
  CHECK(has("nodata.example", kNow + 4));
  CHECK_FALSE(has("nodata.example", kNow + 5));
}

TEST_CASE_METHOD(CacheFixture, "what must not be kept is not kept") {
  keep("servfail.example", answer_of("servfail.example", {}, {.rcode = rcode::kServFail}));
  keep("nosoa.example", answer_of("nosoa.example", {}, {.rcode = rcode::kNxDomain}));
  keep("zero.example", address_answer("zero.example", 0));
  keep("failed.example", nullptr);
  for (const char* name : {"servfail.example", "nosoa.example", "zero.example", "failed.example"}) {
    CAPTURE(name);
    CHECK_FALSE(has(name));
  }
  CHECK(cache.stats().entries == 0);
}

TEST_CASE_METHOD(CacheFixture, "type, DO and CD keep answers apart") {
  keep("a.example", address_answer("a.example", 300));
  CacheKey key = key_of("a.example", qtype::kAaaa);
  CHECK_FALSE(cache.lookup(key, kNow, &found));
  key = key_of("a.example");
  key.dnssec_ok = true;
  CHECK_FALSE(cache.lookup(key, kNow, &found));
  key = key_of("a.example");
  key.checking_disabled = true;
  CHECK_FALSE(cache.lookup(key, kNow, &found));
}

TEST_CASE_METHOD(CacheFixture, "a newer answer replaces the older") {
  keep("a.example", address_answer("a.example", 300, 1));
  keep("a.example", address_answer("a.example", 300, 2));
  REQUIRE(has("a.example"));
  CHECK(tail(found.view(kNow).message, 4) == Bytes{192, 0, 2, 2});
  CHECK(cache.stats().entries == 1);
}

TEST_CASE_METHOD(CacheFixture,
                 "an answer of the size that still fits is kept, a larger one is not") {
  // A stripe of the least cache holds 16 KiB; an entry may take a quarter of its ring.
  auto padded = [](const std::string& name, size_t size) {
    ResponseRecord record{.owner = name, .type = qtype::kTxt, .rdata = Bytes(size, 0)};
    return answer_of(name, {record});
  };
  keep("small.example", padded("small.example", 3000));
  keep("large.example", padded("large.example", 4100));
  CHECK(has("small.example"));
  CHECK_FALSE(has("large.example"));
  CHECK(cache.stats().oversized == 1);
}

TEST_CASE_METHOD(CacheFixture, "the bytes stay within the bound, however much is put in") {
  for (int i = 0; i < 50'000; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    keep(name, address_answer(name, 300));
  }
  const CacheStats stats = cache.stats();
  CHECK(stats.bytes <= kCacheBytesMin);
  CHECK(stats.entries > 2000);
  CHECK(stats.inserts == 50'000);
  CHECK(stats.evictions == stats.inserts - stats.entries);
  CHECK(has("n49999.example"));
  CHECK_FALSE(has("n0.example"));
}

TEST_CASE_METHOD(CacheFixture, "an answer that is asked for outlives many that are not") {
  keep("hot.example", address_answer("hot.example", 3000));
  for (int i = 0; i < 50'000; ++i) {
    REQUIRE(has("hot.example"));
    const std::string name = "n" + std::to_string(i) + ".example";
    keep(name, address_answer(name, 300));
  }
  CHECK(has("hot.example"));
  CHECK(tail(found.view(kNow).message, 4) == Bytes{192, 0, 2, 1});
}

TEST_CASE_METHOD(CacheFixture, "one asker leads, the others wait, and all get the one answer") {
  int called = 0;
  auto waiter = [&](const std::shared_ptr<const UpstreamAnswer>& answer) { called += !!answer; };
  CHECK(cache.join(key_of("a.example"), kNow, waiter, &found) == DnsCache::Join::kLead);
  CHECK(cache.join(key_of("a.example"), kNow, waiter, &found) == DnsCache::Join::kWait);
  CHECK(cache.join(key_of("b.example"), kNow, waiter, &found) == DnsCache::Join::kLead);
  keep("a.example", address_answer("a.example", 300));
  CHECK(called == 2);
  CHECK(cache.join(key_of("a.example"), kNow, waiter, &found) == DnsCache::Join::kHit);
  CHECK(cache.stats().flights == 1);
  CHECK(cache.stats().coalesced == 1);
}

TEST_CASE_METHOD(CacheFixture, "a failed flight tells its waiters and leaves room for a new try") {
  int failed = 0;
  auto waiter = [&](const std::shared_ptr<const UpstreamAnswer>& answer) { failed += !answer; };
  CHECK(cache.join(key_of("a.example"), kNow, waiter, &found) == DnsCache::Join::kLead);
  CHECK(cache.join(key_of("a.example"), kNow, waiter, &found) == DnsCache::Join::kWait);
  keep("a.example", nullptr);
  CHECK(failed == 2);
  CHECK(cache.join(key_of("a.example"), kNow, waiter, &found) == DnsCache::Join::kLead);
}

TEST_CASE_METHOD(CacheFixture, "the waiters of a flight are bounded") {
  auto waiter = [](const std::shared_ptr<const UpstreamAnswer>&) {};
  cache.join(key_of("a.example"), kNow, waiter, &found);
  for (size_t i = 1; i < kFlightWaitersMax; ++i) {
    REQUIRE(cache.join(key_of("a.example"), kNow, waiter, &found) == DnsCache::Join::kWait);
  }
  CHECK(cache.join(key_of("a.example"), kNow, waiter, &found) == DnsCache::Join::kFull);
}

// A torn read would show as an answer whose address does not belong to its name.
TEST_CASE("readers never see a half-written answer while writers replace and evict") {
  DnsCache cache(kCacheBytesMin, 7);
  constexpr unsigned kNames = 200;
  std::vector<CacheKey> keys;
  std::vector<std::shared_ptr<const UpstreamAnswer>> answers;
  for (unsigned i = 0; i < kNames; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    keys.push_back(key_of(name));
    answers.push_back(answer_of(
        name, std::vector<ResponseRecord>(1 + i % 40, address_record(name, uint8_t(i), 300))));
  }
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> hits{0};
  auto write = [&](unsigned step) {
    for (unsigned i = step; !stop; i += step) {
      cache.complete(keys[i % kNames], kNow, answers[i % kNames]);
    }
  };
  auto read = [&] {
    CachedAnswer found;
    for (unsigned i = 0; i < 40'000 || hits == 0; ++i) {  // the writers may begin late
      const unsigned n = i * 7 % kNames;
      if (!cache.lookup(keys[n], kNow, &found)) continue;
      ++hits;
      const AnswerView view = found.view(kNow);
      wrong += view.message.size() != answers[n]->answer.message.size() ||
               tail(view.message, 4) != tail(answers[n]->answer.message, 4);
    }
  };
  std::thread writers[] = {std::thread(write, 1), std::thread(write, 3)};
  std::thread readers[] = {std::thread(read), std::thread(read)};
  for (std::thread& thread : readers) thread.join();
  stop = true;
  for (std::thread& thread : writers) thread.join();
  CHECK(wrong == 0);
  CHECK(hits > 0);
}

}  // namespace
}  // namespace weir
