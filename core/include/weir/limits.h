// Every bound of Weir in one place, each with its reason. Reaching a bound is an event that
// somebody counts; tests go to the bound and one past it. Bounds that the user may set
// (buffer_size, max_bytes) have their range here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

// --- Units ---
inline constexpr int64_t kMinuteMs = 60'000;
inline constexpr int64_t kHourMs = 3'600'000;
inline constexpr int64_t kDayMs = 86'400'000;

// --- DNS (RFC 1035, RFC 6891) ---
inline constexpr size_t kNameWireBytesMax = 255;     // RFC 1035 2.3.4
inline constexpr size_t kLabelBytesMax = 63;         // RFC 1035 2.3.4
inline constexpr size_t kNameTextBytesMax = 1016;    // 253 octets, each at most "\DDD", and dots
inline constexpr size_t kMessageBytesMax = 65535;    // the TCP length prefix
inline constexpr size_t kUdpPayloadBytesMax = 1232;  // what we send over UDP (DNS flag day 2020)
inline constexpr size_t kUdpPayloadBytesMin = 512;   // RFC 1035 without EDNS
inline constexpr size_t kCompressionJumpsMax =
    64;  // pointers only go backwards; this bounds the work besides
inline constexpr size_t kMessageRecordsMax =
    4096;  // per message; a 64 KiB message cannot hold more useful ones

// --- DNS front end (native) ---
inline constexpr size_t kUdpBatchMessages = 32;  // per recvmmsg: beyond, the gain is lost in noise
inline constexpr size_t kUdpQueryBytesMax = 1536;    // a query that fills an Ethernet frame
inline constexpr size_t kUdpBatchesPerTurn = 8;      // then other sockets of the thread get theirs
inline constexpr size_t kTcpQueryBytesMax = 4096;    // a question with any sane EDNS options
inline constexpr size_t kTcpPipelineMax = 64;        // unanswered queries per connection
inline constexpr size_t kPendingQueriesMax = 8192;   // per thread, waiting for an upstream: ~8 MB
inline constexpr size_t kFlightWaitersMax = 1024;    // per question, clients waiting for one answer
inline constexpr size_t kUpstreamQueriesMax = 1024;  // per thread: each holds a socket and a port
inline constexpr size_t kUpstreamAttemptsMax = 4;    // per query, over all upstreams
inline constexpr size_t kUpstreamsMax = 16;          // configured; more only multiply the waiting
inline constexpr size_t kUpstreamUdpBytesMax = 4096;  // accepted; we advertise kUdpPayloadBytesMax
inline constexpr size_t kMismatchesMax =
    8;  // wrong answers to one query; then it is asked over TCP
inline constexpr size_t kCacheEntryBytesMax = 16 << 10;  // larger answers are rare and not kept
inline constexpr uint64_t kCacheBytesMin = 1 << 20;      // below, stripes hold too few entries
inline constexpr uint64_t kCacheBytesMax = uint64_t{64} << 30;
inline constexpr size_t kLocalChaseMax = 8;              // CNAME steps within local records
inline constexpr size_t kLocalRecordsMax = 10'000;       // configured by hand
inline constexpr size_t kBlockListBytesMax = 512 << 20;  // one file

// --- Event ---
inline constexpr uint16_t kRcodeMax = 0xfff;         // 12 bits (RFC 6891 6.1.3)
inline constexpr size_t kEventStringBytesMax = 255;  // list and upstream names, as configured
inline constexpr size_t kEventBytesMax =
    2048;  // one encoded event in a ring: names and strings at their bounds

// --- Numbers and keys: all stored integers stay exact in a JavaScript double ---
inline constexpr uint64_t kIntegerMax = (uint64_t{1} << 53) - 1;
inline constexpr unsigned kSegmentIdShift = 40;  // segments.id = log_no << 40 | first
inline constexpr uint64_t kEventNumberMax =
    (uint64_t{1} << 40) - 1;  // 1.1e12 events per log: 3,400 years at 10/s
inline constexpr int64_t kLogNumberMax = (1 << 13) - 1;  // logs per database: 13 + 40 = 53 bits
// Times are UTC milliseconds; a time outside this range is an invalid event (year 2000 to 2400).
inline constexpr int64_t kTimeMsMin = 946684800000;
inline constexpr int64_t kTimeMsMax = 13569465600000;

// --- Segment ---
inline constexpr size_t kSegmentEventsMax =
    1 << 20;  // any segment, so that a hostile count stays cheap
inline constexpr size_t kSegmentBytesMax = 32 << 20;  // any segment
inline constexpr size_t kSegmentLevel1EventsMax =
    65536;  // native: one decode is about a millisecond
inline constexpr size_t kSegmentLevel1BytesMax = 900'000;  // below D1's and the WASM copy's comfort
inline constexpr size_t kSegmentLevel2EventsMax = 1 << 20;  // native: ten dictionaries for 10 M
inline constexpr size_t kSegmentLevel2BytesMax = 12 << 20;  // read whole by whoever needs an event
inline constexpr size_t kSegmentEdgeEventsMax =
    16384;  // one D1 row that decodes within a Worker's budget
inline constexpr size_t kSegmentEdgeBytesMax = 128 << 10;
inline constexpr size_t kBloomEventsMin = 512;  // below, reading the dictionary is as quick
// What is read and decoded for one event at least: 25 kB, some microseconds.
inline constexpr size_t kSegmentChunkEvents = 4096;
// Questions of a segment that are read, checked and decoded together, with their names: one block
// of each column, about 1 kB.
inline constexpr size_t kPageQuestions = 128;
inline constexpr size_t kNameRestart = 16;  // a name is put together from so many at most
inline constexpr size_t kSegmentChunksMax = kSegmentEventsMax / kSegmentChunkEvents;
// In how many chunks of a segment a question tells that it is: beyond, hundreds of events are read
// from a segment anyway.
inline constexpr size_t kQuestionChunksMax = 15;
// The head and the table of a segment, whatever is in them.
inline constexpr size_t kSegmentFrontBytes = 4096;

// --- Summary and rollup ---
inline constexpr size_t kHourRollupBytesMax = 8 << 10;
inline constexpr size_t kDayRollupBytesMax = 32 << 10;
inline constexpr size_t kTopKeysMin = 64;
inline constexpr size_t kTopKeysMax = 1024;
// For a quiet home's hour of 3,600 events 150 keys: the top 20 of a day of such hours is exact, and
// three hours fit four pages of SQLite. 16 would cost a fifth more for a floor a third lower.
inline constexpr uint64_t kTopEventsPerKey = 24;
// Keys of a list that a scan counts exactly: more names than people look for, in some 10 MB.
inline constexpr size_t kScanKeysMax = 65'536;

// --- Writer ---
inline constexpr size_t kBufferEventsMin = 10'000;  // REQUIREMENTS 002-02
inline constexpr size_t kBufferEventsMax = 200'000;
inline constexpr size_t kBufferEventsDefault = 50'000;  // 5 s at 10,000 queries/s
inline constexpr int64_t kFlushIntervalMsDefault = 5000;
inline constexpr int64_t kFlushIntervalMsFast = 100;  // at 80 % fill or more
inline constexpr int64_t kRetryDelayMsMin = 100;
inline constexpr int64_t kRetryDelayMsMax = 30'000;
inline constexpr size_t kProducersMax = 256;  // threads that offer events: slots in the ledger page
inline constexpr size_t kBatchSegmentsMax = 16;  // per commit, so that one group holds them

// --- Storage operations (D1: 100 parameters, 50 statements on the free plan) ---
inline constexpr size_t kStatementsPerRequestMax = 40;
inline constexpr size_t kParametersMax = 100;
inline constexpr size_t kGroupBlobBytesMax = 4 << 20;    // blobs one group answers: WASM memory
inline constexpr uint64_t kRollupTailEventsMax = 65536;  // readers decode at most about so many
inline constexpr int64_t kSkewPastMs =
    400ll * 86'400'000;                              // older is a wrong clock (Worker: DESIGN)
inline constexpr int64_t kSkewFutureMs = 3'600'000;  // a sender's clock may be this far ahead

inline constexpr size_t kFindingsMax = 1000;  // of a check; more are only counted

// --- Ingest ---
inline constexpr size_t kIngestSegmentsMax = 16;
inline constexpr size_t kIngestBytesMax = 1 << 20;

// --- Access ---
inline constexpr size_t kTokenHashBytes = 32;      // SHA-256
inline constexpr size_t kSiteBytesMax = 64;        // a site stands in paths, logs and metrics
inline constexpr size_t kTokenNameBytesMax = 128;  // for people, to tell tokens apart
inline constexpr size_t kScopesMax = 64;           // of one token; parsed with every request

// --- Forwarding (the sending side) ---
inline constexpr int64_t kForwardIntervalMsMin = 1'000;
inline constexpr int64_t kForwardIntervalMsMax = 3'600'000;
inline constexpr size_t kForwardAnswerBytesMax = 64 << 10;  // answers are a few hundred bytes
// Longer promises of Retry-After are asked about again: a quota may have been raised meanwhile.
inline constexpr int64_t kRetryAfterMsMax = 3'600'000;
// The last events of an hour are committed a flush interval after it ended.
inline constexpr int64_t kSealDelayMs = 2 * kFlushIntervalMsDefault;

// --- API ---
inline constexpr size_t kQueryLimitDefault = 100;
inline constexpr size_t kQueryLimitMax = 1000;
inline constexpr size_t kApiTargetBytesMax = 8192;   // path and query string together
inline constexpr size_t kCursorTextBytesMax = 6144;  // positions in some 400 logs; fits a target
inline constexpr size_t kSeriesPointsMax = 10'080;   // a week of minutes

// --- Rules ---
inline constexpr size_t kRulesMax = 5'000'000;  // names over all lists
inline constexpr size_t kListsMax = 255;
// Of a list; hosts files put a few names into a line, 255 bytes each at most.
inline constexpr size_t kRuleLineBytesMax = 4096;

// --- Configuration ---
inline constexpr size_t kConfigBytesMax = 1 << 20;  // a file of 10,000 local records fits
inline constexpr size_t kSecretBytesMax = 4096;     // a token or a header's value
inline constexpr size_t kListenersMax = 16;         // per protocol
inline constexpr size_t kHttpHostsMax = 32;
inline constexpr size_t kForwardHeadersMax = 16;
inline constexpr unsigned kDnsThreadsMax = 64;

// --- HTTP server ---
inline constexpr size_t kHttpHeaderBytesMax = 16 << 10;  // request line and header fields
inline constexpr size_t kHttpConnectionsMax = 256;       // open at once; more are closed at once
inline constexpr size_t kHttpJobsMax = 64;  // API requests queued or running; more are answered 503

}  // namespace weir
