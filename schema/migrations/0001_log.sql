-- The log: who writes it, its segments, its statistics and its ledger. One schema for SQLite and D1.
--
-- Integers stay below 2^53, so that JavaScript reads them exactly. Keys pack their parts
-- (core/include/weir/schema.h), so that one range of the primary key is one log in order, and a
-- stored segment costs one written row: no table of the log has an index besides its key.

-- One row per log. log_no 0 stands for all logs together: its rolled_through counts the groups that
-- changed rollups, which lets writers of the shared rollups notice each other.
CREATE TABLE logs (
  log_no INTEGER PRIMARY KEY,                  -- 1 ... 8191
  log_id BLOB NOT NULL UNIQUE,                 -- 16 random bytes, empty for log_no 0
  site TEXT NOT NULL,                          -- the sender, as named when the log was opened
  created_ms INTEGER NOT NULL,
  acked INTEGER NOT NULL DEFAULT 0,            -- end of what the forwarder's receiver has
  rolled_through INTEGER NOT NULL DEFAULT 0,   -- end of what the rollups hold
  rolled_ms INTEGER NOT NULL DEFAULT 0,        -- when rolled_through last moved
  ledger_sequence INTEGER NOT NULL DEFAULT 0   -- of the last growth of the ledger without events
) STRICT;
INSERT INTO logs (log_no, log_id, site, created_ms) VALUES (0, x'', '', 0);

-- Segments (docs/segment_format.md). A log's newest row is never removed: it tells where the log
-- ends. A new log starts with an anchor: first 0, count 0, open, no bytes.
CREATE TABLE segments (
  id INTEGER PRIMARY KEY,     -- log_no << 40 | first
  count INTEGER NOT NULL,     -- events covered
  kind INTEGER NOT NULL,      -- 0 events, 1 gap, 2 events whose bytes failed their checks
  open INTEGER NOT NULL,      -- 1: while newest, may be replaced by a longer one
  first_ms INTEGER NOT NULL,  -- least and greatest event time, UTC
  last_ms INTEGER NOT NULL,
  head_len INTEGER NOT NULL,  -- bytes of the head at the start of data
  crc INTEGER NOT NULL,       -- CRC32C of the content
  data BLOB                   -- NULL: the bytes are in the object store
) STRICT;

-- Summaries of an hour or a day of one log, or of all (log_no 0). They outlive the segments.
CREATE TABLE rollups (
  id INTEGER PRIMARY KEY,     -- level << 48 | log_no << 24 | start in hours since 1970
  forwarded INTEGER NOT NULL, -- events by outcome
  cached INTEGER NOT NULL,
  stale INTEGER NOT NULL,
  local INTEGER NOT NULL,
  blocked INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  skewed INTEGER NOT NULL,    -- events counted here because their own time is implausible
  data BLOB NOT NULL          -- the encoded Summary
) STRICT;

-- What became of every event offered, per log and hour of accounting. Columns only grow.
CREATE TABLE ledger (
  id INTEGER PRIMARY KEY,     -- log_no << 24 | hours since 1970
  offered INTEGER NOT NULL DEFAULT 0,
  stored INTEGER NOT NULL DEFAULT 0,
  collapsed INTEGER NOT NULL DEFAULT 0,
  dropped_buffer_full INTEGER NOT NULL DEFAULT 0,
  dropped_data INTEGER NOT NULL DEFAULT 0,
  dropped_crash INTEGER NOT NULL DEFAULT 0,
  dropped_shutdown INTEGER NOT NULL DEFAULT 0,
  dropped_disabled INTEGER NOT NULL DEFAULT 0,
  expired_retention INTEGER NOT NULL DEFAULT 0,
  expired_budget INTEGER NOT NULL DEFAULT 0,
  expired_corrupt INTEGER NOT NULL DEFAULT 0,
  unclean INTEGER NOT NULL DEFAULT 0  -- 1: power was lost, offered may be too low
) STRICT;

-- Where the events of a log from from_n on are kept, when a database is one of several shards.
CREATE TABLE log_ranges (
  log_no INTEGER NOT NULL,
  from_n INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  PRIMARY KEY (log_no, from_n)
) STRICT, WITHOUT ROWID;

-- Who may send and read. The token itself is shown once and never stored.
CREATE TABLE tokens (
  token_sha256 BLOB PRIMARY KEY,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,       -- separated by spaces: ingest:<site> read:<site> read:* admin
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
