// Pages of questions and their index, honest and not.
#include "question_page.h"

#include <algorithm>
#include <map>

#include "catch.h"
#include "column.h"
#include "event_columns.h"
#include "page_index.h"
#include "segment_head.h"
#include "support/event_generator.h"
#include "support/resealed.h"

namespace weir {
namespace {

using Part = SegmentReader::PagePart;

constexpr std::array<uint16_t, 2> kTypes = {1, 28};

// Two questions of a.com and one of b.com.
PageContent three_questions() {
  return {.names = {"a.com", "b.com"},
          .name_steps = {0, 0, 1},
          .types = {0, 1, 0},
          .answer_sizes = {60, 100, 65'535},
          .chunks = {}};
}

Bytes encoded(const PageContent& content) {
  Bytes bytes;
  encode_page(content, &bytes);
  return bytes;
}

QuestionPage::Frame frame_of(size_t questions, size_t chunks = 1) {
  return {.first_name = "a.com", .questions = questions, .types = kTypes, .chunks = chunks};
}

bool loads(const Bytes& bytes, const QuestionPage::Frame& frame, Part part = Part::kPlaces) {
  QuestionPage page;
  page.open(bytes);
  return page.load(part, frame);
}

TEST_CASE("a page tells of each question what went in") {
  const Bytes bytes = encoded(three_questions());
  QuestionPage page;
  page.open(bytes);
  REQUIRE(page.load(Part::kNames, frame_of(3)));
  CHECK(page.names().size() == 2);
  CHECK(page.has(Part::kNames));
  CHECK_FALSE(page.has(Part::kQuestions));
  REQUIRE(page.load(Part::kPlaces, frame_of(3)));
  CHECK(page.size() == 3);
  NameBuffer buffer;
  CHECK(page.names().name(page.name_of(1), &buffer) == "a.com");
  CHECK(page.names().name(page.name_of(2), &buffer) == "b.com");
  CHECK(page.qtype(1) == 28);
  CHECK(page.qtype(2) == 1);
  CHECK(page.answer_size(2) == 65'535);
  SegmentReader::ChunkSet chunks;
  page.add_chunks(0, &chunks);
  CHECK(chunks.all());
}

TEST_CASE("a page tells the chunks of its questions") {
  std::vector<QuestionChunks> chunks(3);
  chunks[0].add(3);
  chunks[0].add(200);
  for (size_t i = 0; i <= kQuestionChunksMax; ++i) chunks[1].add(i);
  chunks[2].add(0);
  PageContent content = three_questions();
  content.chunks = chunks;
  const Bytes bytes = encoded(content);
  QuestionPage page;
  page.open(bytes);
  REQUIRE(page.load(Part::kPlaces, frame_of(3, 256)));
  SegmentReader::ChunkSet found;
  page.add_chunks(0, &found);
  CHECK(found.count() == 2);
  CHECK((found[3] && found[200]));
  page.add_chunks(2, &found);
  CHECK(found.count() == 3);
  page.add_chunks(1, &found);  // too many to be told
  CHECK(found.all());
  CHECK(page.tells(chunks));
  chunks[2].add(1);
  CHECK_FALSE(page.tells(chunks));
}

TEST_CASE("a page that lies is refused") {
  const PageContent honest = three_questions();
  const Bytes bytes = encoded(honest);
  CHECK(loads(bytes, frame_of(3)));
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(
        loads(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)), frame_of(3)));
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(loads(longer, frame_of(3)));
  CHECK_FALSE(loads(bytes, frame_of(2)));
  CHECK_FALSE(loads(bytes, frame_of(4)));
  auto frame = frame_of(3);
  frame.first_name = "b.com";  // the index says so
  CHECK_FALSE(loads(bytes, frame, Part::kNames));
  frame = frame_of(3);
  frame.types = std::span(kTypes).first(1);
  CHECK(loads(bytes, frame, Part::kNames));
  CHECK_FALSE(loads(bytes, frame));
  PageContent content = honest;
  content.name_steps = {0, 0, 0};  // b.com has no question
  CHECK_FALSE(loads(encoded(content), frame_of(3)));
  content.name_steps = {0, 1, 1};  // more names than there are
  CHECK_FALSE(loads(encoded(content), frame_of(3)));
  content.name_steps = {1, 0, 0};
  CHECK_FALSE(loads(encoded(content), frame_of(3)));
  content = honest;
  content.answer_sizes[0] = 65'536;
  CHECK_FALSE(loads(encoded(content), frame_of(3)));
}

// Pages of these names, a question each, and their index.
struct Indexed {
  explicit Indexed(const std::vector<std::string>& names) : texts(names) {
    std::sort(texts.begin(), texts.end(), reversed_less);
    PageIndexWriter writer;
    for (size_t i = 0; i < texts.size(); i += kPageQuestions) {
      const Bytes page = {static_cast<uint8_t>(i / kPageQuestions)};
      writer.add(page, texts[i]);
    }
    writer.encode(kTypes, texts.size(), &bytes);
  }
  bool opens(const Bytes& from, size_t events, size_t pages_bytes) {
    ByteReader reader(from);
    return index.open(&reader, events, pages_bytes) && reader.at_end();
  }
  std::vector<std::string> texts;
  Bytes bytes;
  PageIndex index;
};

TEST_CASE("an index leads to the pages of a name and of a suffix") {
  Indexed f(EventGenerator().names());
  const size_t pages = pages_of(f.texts.size());
  REQUIRE(f.opens(f.bytes, f.texts.size(), pages));
  REQUIRE(f.index.page_count() == pages);
  CHECK(f.index.crc(1) == crc32c(Bytes{1}));
  CHECK(f.index.range(1, 2) == ByteRange{1, 2});
  CHECK(f.index.questions_in(pages - 1) == f.texts.size() - (pages - 1) * kPageQuestions);
  for (size_t i = 0; i < f.texts.size(); ++i) {
    const auto [first, end] = f.index.pages_of_name(f.texts[i]);
    REQUIRE(first <= i / kPageQuestions);
    REQUIRE(end > i / kPageQuestions);
    REQUIRE(end - first <= (i % kPageQuestions == 0 ? 2 : 1));
  }
  for (const std::string_view suffix : {".com", "com", "", ".none", "zz", ".co.uk"}) {
    const auto [first, end] = f.index.pages_of_suffix(suffix);
    for (size_t i = 0; i < f.texts.size(); ++i) {
      if (!f.texts[i].ends_with(suffix)) continue;
      REQUIRE(first <= i / kPageQuestions);
      REQUIRE(end > i / kPageQuestions);
    }
  }
  CHECK(f.index.pages_of_name("") == std::pair<size_t, size_t>(0, 0));
}

TEST_CASE("an index that lies is refused") {
  Indexed f(EventGenerator().names());
  const size_t pages = pages_of(f.texts.size());
  REQUIRE(f.opens(f.bytes, f.texts.size(), pages));
  CHECK_FALSE(f.opens(f.bytes, f.texts.size() - 1, pages));  // more questions than events
  CHECK_FALSE(f.opens(f.bytes, f.texts.size(), pages - 1));  // the pages do not fill their section
  CHECK_FALSE(f.opens(f.bytes, f.texts.size(), pages + 1));
  for (size_t size = 0; size < f.bytes.size(); ++size) {
    CHECK_FALSE(f.opens(Bytes(f.bytes.begin(), f.bytes.begin() + static_cast<ptrdiff_t>(size)),
                        f.texts.size(), pages));
  }
  CHECK_FALSE(f.opens(Bytes{0, 0}, 1, 0));  // no question
}

// A segment of one event for each name, whatever the builder would say.
Bytes segment_of(const std::vector<std::string>& names, int64_t time_ms) {
  EventColumns columns;
  columns.start_ms = time_ms;
  bool added = false;
  const uint32_t client = columns.clients.intern(Client{});
  const uint32_t trait = columns.traits.intern(Trait{}.key(), &added);
  for (const std::string& name : names) {
    columns.question.push_back(columns.questions.intern(name, 1, hash64(name), &added));
    columns.question_sizes.push_back(0);
    columns.client.push_back(client);
    columns.trait.push_back(trait);
    for (auto* const column : {&columns.time, &columns.duration, &columns.size}) {
      column->push_back(0);
    }
  }
  columns.outcomes[0] = names.size();
  ContentEncoder content(columns);
  while (content.step()) {
  }
  SegmentHead head;
  head.count = names.size();
  head.first_ms = head.last_ms = time_ms;
  head.outcomes = columns.outcomes;
  head.content_crc = content.crc();
  Bytes segment;
  append_segment_head(head, content.size(), &segment);
  content.append_to(&segment);
  return segment;
}

TEST_CASE("names that would grow beyond a segment's bytes are refused") {
  // Most names add three bytes to 1,000 that they share: 2.5 MB that would become 40 MB.
  constexpr int64_t kTimeMs = 1'790'002'800'000;
  std::string label = "\\000";
  std::string tail;
  for (int i = 0; i < 240; ++i) tail += (i % 60 == 59 ? "." : "") + label;
  std::vector<std::string> names;
  for (int i = 0; i < 40'000; ++i) names.push_back(std::to_string(10'000 + i) + "." + tail);
  const Bytes segment = segment_of(names, kTimeMs);
  CHECK(segment.size() < 5'000'000);
  CHECK(SegmentReader::open(segment).status().code() == Code::kCorrupt);
  names.resize(100);
  CHECK(SegmentReader::open(segment_of(names, kTimeMs)).ok());
}

TEST_CASE("names that are out of order from page to page are refused") {
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back(std::to_string(1000 + i));
  Bytes segment = segment_of(names, 1'790'002'800'000);
  const auto reader = std::move(SegmentReader::open(segment)).value();
  // The first name of the second page, in the index and in the page: what shares its end goes
  // along.
  for (const std::string_view name :
       {reader.pages().first_name(1), reader.page(1).names().first_name()}) {
    segment[static_cast<size_t>(as_bytes(name).data() - segment.data()) + name.size() - 1] = '0';
  }
  reseal(&segment);
  CHECK(SegmentReader::open(segment).status().code() == Code::kCorrupt);
  CHECK(SegmentReader::open(segment, SegmentReader::Trust::kStored).ok());
}

}  // namespace
}  // namespace weir
