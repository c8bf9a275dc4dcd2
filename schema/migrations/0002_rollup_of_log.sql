-- The summary of an hour or day to which one log alone has contributed is stored once: the row of
-- that log holds it, and the row of all logs says in of_log where it is.
--
-- 0: the summary is in this row. Otherwise this row is one of log_no 0, its data is empty, and its
-- summary is that of the row id + (of_log << 24). The counts stand in every row. A row that another
-- one refers to is removed only after that one.
ALTER TABLE rollups ADD COLUMN of_log INTEGER NOT NULL DEFAULT 0;
